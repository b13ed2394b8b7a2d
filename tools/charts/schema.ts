import type { SettingRow } from "@datalayer/shared/config/settings";
import { type ChartValue, isDescribed } from "./values.ts";

/** A JSON Schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** The settings that a value such as `verifier.env` may hold, by its path. */
export type SettingsByPath = Readonly<Record<string, readonly SettingRow[]>>;

const reference = (properties: Record<string, unknown>): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
});
const text = { type: ["string", "number"] };
const filled = { minLength: 1 };
const some = (...names: string[]): Schema => ({
  anyOf: names.map((name) => ({ required: [name], properties: { [name]: filled } })),
});
const all = (...names: string[]): Schema => ({
  required: names,
  properties: Object.fromEntries(names.map((name) => [name, filled])),
});

/** What several values are, by the name after `$ref`. */
const definitions: Readonly<Record<string, Schema>> = {
  image: {
    anyOf: [
      { type: "null" },
      { type: "string", minLength: 1 },
      reference({
        registry: { type: "string" },
        repository: { type: "string" },
        tag: text,
        digest: { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
        pullPolicy: { enum: ["Always", "IfNotPresent", "Never"] },
      }),
    ],
  },
  crds: { anyOf: [{ type: ["null", "boolean"] }, reference({ install: { type: "boolean" } })] },
  namespaces: {
    type: "array",
    uniqueItems: true,
    items: { type: "string", maxLength: 63, pattern: "^([*]|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$" },
  },
  networks: {
    type: "array",
    items: { type: "string", pattern: "^[0-9a-fA-F.:]+/[0-9]{1,3}$" },
  },
  cloudCredentials: {
    if: { properties: { enabled: { const: true }, create: { const: false } } },
    then: { properties: { secretName: filled } },
    properties: {
      aws: {
        if: some("accessKeyId", "secretAccessKey"),
        then: all("accessKeyId", "secretAccessKey", "defaultRegion"),
      },
      azure: {
        if: some("tenantId", "clientId", "clientSecret"),
        then: all("tenantId", "clientId", "clientSecret", "subscriptionId"),
      },
    },
  },
};

const scalar = { type: ["string", "number", "boolean", "null"] };
/** These say who and where a Pod is: the chart takes them from the Pod. */
const ofThePod = ["POD_NAME", "POD_NAMESPACE"];

/**
 * The schema of a chart's values: exactly what values.yaml has, of the types that the defaults have.
 * @param settings - what the values of the kind `env` may hold.
 * @param dependencies - the charts that it depends on, for which Helm adds a value each.
 */
export function schemaOf(
  values: readonly ChartValue[],
  settings: SettingsByPath,
  dependencies: readonly string[],
): Schema {
  const root = objectOf(values, settings);
  const added = Object.fromEntries(dependencies.map((name) => [name, { type: "object" }]));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...root,
    // An umbrella chart has a condition called "enabled".
    properties: { ...added, enabled: { type: "boolean" }, ...(root["properties"] as object) },
  };
}

function objectOf(values: readonly ChartValue[], settings: SettingsByPath): Schema {
  const properties = Object.fromEntries(values.map((value) => [value.key, schemaOfValue(value, settings)]));
  return { type: "object", additionalProperties: false, properties };
}

function schemaOfValue(value: ChartValue, settings: SettingsByPath): Schema {
  const { $ref, ...given } = value.schema;
  const described = value.description === "" ? {} : { description: value.description };
  if ($ref === "env") return { ...described, ...environment(settingsAt(value.path, settings)) };
  return merged(
    { ...described, ...inferred(value, settings) },
    { ...definitionOf($ref, value.path), ...given },
  );
}

/** What a default tells; a default of null tells nothing. */
function inferred(value: ChartValue, settings: SettingsByPath): Schema {
  const { default: given, children, schema, path } = value;
  if (given === null) return {};
  if (Array.isArray(given)) return { type: "array" };
  if (typeof given === "number") return { type: Number.isInteger(given) ? "integer" : "number" };
  if (typeof given !== "object") return { type: typeof given };
  if (children.length === 0 && !("additionalProperties" in schema))
    throw new Error(`${path}: expected "# @schema" to say what an empty object may hold`);
  return objectOf(documented(value), settings);
}

/** What the definitions are for people. */
export const definitionTypes: Readonly<Record<string, string>> = {
  image: "string or object",
  crds: "boolean or object",
  namespaces: "list",
  networks: "list",
  env: "object",
  cloudCredentials: "object",
};

/** Of a group that is open, what is not described is only a default. */
function documented({ schema, children }: ChartValue): ChartValue[] {
  return "additionalProperties" in schema ? children.filter(isDescribed) : children;
}

/** The second stands over the first; properties of both are merged. */
function merged(first: Schema, second: Schema): Schema {
  const [one, other] = [first["properties"], second["properties"]] as (Record<string, Schema> | undefined)[];
  if (!one || !other) return { ...first, ...second };
  const properties = Object.entries(other).map(([key, schema]) => [key, merged(one[key] ?? {}, schema)]);
  return { ...first, ...second, properties: { ...one, ...Object.fromEntries(properties) } };
}

function definitionOf(name: string | undefined, path: string): Schema {
  if (name === undefined) return {};
  const definition = definitions[name];
  if (!definition) throw new Error(`${path}: "${name}" is not a definition of tools/charts/schema.ts`);
  return definition;
}

function settingsAt(path: string, settings: SettingsByPath): readonly SettingRow[] {
  const rows = settings[path];
  if (!rows) throw new Error(`${path}: no process is known whose settings these are`);
  return rows.filter(({ name }) => !ofThePod.includes(name));
}

/** Every setting by its name. Others are passed on: proxies have variables, and published charts had more settings. */
function environment(rows: readonly SettingRow[]): Schema {
  const properties = Object.fromEntries(
    rows.map(({ name, description }) => [name, { description, ...scalar }]),
  );
  return { type: "object", properties, additionalProperties: scalar };
}
