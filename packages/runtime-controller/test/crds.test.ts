import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { chartObjects } from "./manifests.ts";

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
  format?: string;
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
    names: { plural: string; singular: string; shortNames: string[]; categories: string[] };
    versions: Version[];
  };
}

const definitions = (await chartObjects("crds")).map((object) => (object as unknown as Definition).spec);
const schemas = definitions.map(({ names, versions }) => [names.plural, versions[0]!] as const);

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

describe.each(schemas)("the definition of %s", (_, { schema: { openAPIV3Schema: schema }, ...version }) => {
  it("explains every field", () => {
    expect(pathsWhere(schema, ({ description = "" }) => !/^["A-Z].{3,}[.]$/.test(description))).toEqual([]);
  });

  it("keeps no field that it does not know", () => {
    expect(pathsWhere(schema, (part) => part["x-kubernetes-preserve-unknown-fields"] === true)).toEqual([]);
    expect(
      pathsWhere(schema, ({ type, properties, additionalProperties }) => {
        return type === "object" && !properties && !additionalProperties;
      }),
    ).toEqual([]);
  });

  it("bounds every list, map and text of the spec", () => {
    const isUnbounded = ({
      type,
      maxItems,
      additionalProperties,
      maxProperties,
      ...text
    }: Schema): boolean => {
      if (type === "array") return maxItems === undefined;
      if (type === "string") return (text.maxLength ?? text.enum ?? text.pattern) === undefined;
      return additionalProperties !== undefined && maxProperties === undefined;
    };
    expect(pathsWhere(schema.properties!["spec"]!, isUnbounded)).toEqual([]);
  });

  it("serves the status apart, with conditions", () => {
    expect(version.subresources).toHaveProperty("status", {});
    expect(schema.properties!["status"]!.properties).toHaveProperty("conditions");
  });

  it("shows columns that exist", () => {
    const known = new Set(parts(schema).map(([path]) => path));
    const shown = version.additionalPrinterColumns.map(({ jsonPath }) => jsonPath.replace(/\[\?.*?\]/, "[]"));
    expect(shown.filter((path) => !known.has(path) && !path.startsWith(".metadata."))).toEqual([]);
  });
});

describe("the names", () => {
  it("are the published ones", () => {
    expect(Object.fromEntries(definitions.map(({ names }) => [names.plural, names.shortNames]))).toEqual({
      "runtime-contents": ["rc", "rcs", "rtc"],
      "runtime-environments": ["re", "res", "renv", "renvs", "rte"],
      "runtime-pools": ["rp", "rps", "rpool", "rpools", "rtp"],
    });
  });

  it("are listed together under datalayer", () => {
    expect(definitions.map(({ scope, names }) => [scope, names.categories])).toEqual(
      definitions.map(() => ["Namespaced", ["datalayer"]]),
    );
  });
});

describe("the generated types", () => {
  it("are those of the definitions", async () => {
    const script = new URL("../../../tools/crds/generate.ts", import.meta.url).pathname;
    await expect(promisify(execFile)(process.execPath, [script, "--check"])).resolves.toBeDefined();
  });
});
