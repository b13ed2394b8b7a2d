import { describe, expect, it } from "vitest";
import { objectsOfChart } from "./chart.ts";

interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  maxItems?: number;
  maxLength?: number;
  maxProperties?: number;
  enum?: string[];
  pattern?: string;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
}

interface Version {
  name: string;
  subresources: Record<string, object>;
  additionalPrinterColumns: { name: string; jsonPath: string }[];
  schema: { openAPIV3Schema: Schema };
}

interface Definition {
  spec: {
    scope: string;
    names: { plural: string; shortNames: string[]; categories: string[] };
    versions: [Version, ...Version[]];
  };
}

/** Every part of a schema with its path. */
function parts(schema: Schema, path = ""): [string, Schema][] {
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, one]) => parts(one, `${path}.${name}`)),
    ...(schema.items ? parts(schema.items, `${path}[]`) : []),
  ];
  return [[path, schema], ...below];
}

const pathsWhere = (schema: Schema, holds: (part: Schema) => boolean): string[] =>
  parts(schema)
    .filter(([, part]) => holds(part))
    .map(([path]) => path);

/** Objects that may hold anything; one that may hold nothing is none of them. */
function isOpen({ type, properties, additionalProperties, maxProperties }: Schema): boolean {
  return type === "object" && !properties && !additionalProperties && maxProperties !== 0;
}

function isUnbounded({ type, maxItems, additionalProperties, maxProperties, ...text }: Schema): boolean {
  if (type === "array") return maxItems === undefined;
  if (type === "string") return (text.maxLength ?? text.enum ?? text.pattern) === undefined;
  return additionalProperties !== undefined && maxProperties === undefined;
}

/**
 * Tests what holds for the definitions of every chart: they explain, bound and know every field.
 * @param scopes - scope of each kind by its plural.
 */
export async function testDefinitions(
  chart: string,
  scopes: Readonly<Record<string, "Namespaced" | "Cluster">>,
): Promise<void> {
  const objects = (await objectsOfChart(chart, "crds")) as unknown as Definition[];
  const definitions = objects.map(({ spec }) => spec);

  describe.each(definitions.map((one) => [one.names.plural, one.versions[0]] as const))(
    "the definition of %s",
    (_, { schema: { openAPIV3Schema: schema }, ...version }) => {
      it("explains every field", () => {
        expect(pathsWhere(schema, ({ description = "" }) => !/^["A-Z].{3,}[.]$/.test(description))).toEqual(
          [],
        );
      });

      it("keeps no field that it does not know", () => {
        expect(pathsWhere(schema, (part) => part["x-kubernetes-preserve-unknown-fields"] === true)).toEqual(
          [],
        );
        expect(pathsWhere(schema, isOpen)).toEqual([]);
      });

      it("bounds every list, map and text of the spec", () => {
        expect(pathsWhere(schema.properties?.["spec"] ?? {}, isUnbounded)).toEqual([]);
      });

      it("serves the status apart, with conditions", () => {
        expect(version.subresources).toHaveProperty("status", {});
        expect(schema.properties?.["status"]?.properties).toHaveProperty("conditions");
      });

      it("shows columns that exist", () => {
        const known = new Set(parts(schema).map(([path]) => path));
        const shown = version.additionalPrinterColumns.map(({ jsonPath }) =>
          jsonPath.replaceAll(/\[.*?\]/g, "[]"),
        );
        expect(shown.filter((path) => !known.has(path) && !path.startsWith(".metadata."))).toEqual([]);
      });
    },
  );

  it("the kinds have their scopes, and are listed together under datalayer", () => {
    expect(Object.fromEntries(definitions.map(({ scope, names }) => [names.plural, scope]))).toEqual(scopes);
    expect(definitions.map(({ names }) => names.categories)).toEqual(definitions.map(() => ["datalayer"]));
  });
}
