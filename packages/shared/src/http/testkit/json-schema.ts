/** As much of a JSON schema as requests are made from. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  maxItems?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  anyOf?: JsonSchema[];
}

/** A value that a schema does not admit, and where in the whole it is. */
export interface WrongValue {
  what: string;
  /** JSON pointer. */
  path: string;
  value: unknown;
}

const words = ["a", "python", "10Gi", "1", "01kaq2v8c4m3yqf3y1k1w5b7nd", "/home/datalayer/a", "a".repeat(40)];
const unfit = ["../..", " ", "a\nb", "Ä", "-", ""];
const valuesOfTypes = { string: "a", number: 7, boolean: true, array: [], object: {}, null: null };

/** A small value that a schema admits; properties that may be absent are. */
export function exampleOf(schema: JsonSchema): unknown {
  const [example] = [...(schema.examples ?? []), ...(schema.enum ?? [])];
  if (example !== undefined) return example;
  const { type = [], anyOf: [branch] = [] } = schema;
  if (branch) return exampleOf(branch);
  const [first = "number"] = [type].flat();
  return (examples[first] ?? numberOf)(schema);
}

const examples: Record<string, (schema: JsonSchema) => unknown> = {
  object: objectOf,
  array: () => [],
  boolean: () => true,
  string: wordOf,
};

function numberOf({ minimum, exclusiveMinimum = 0 }: JsonSchema): number {
  return minimum ?? exclusiveMinimum + 1;
}

function objectOf({ properties = {}, required = [] }: JsonSchema): object {
  return Object.fromEntries(required.map((name) => [name, exampleOf(properties[name] ?? {})]));
}

function wordOf({ format, pattern = "", minLength = 0, maxLength = Infinity }: JsonSchema): string {
  if (format === "uri") return "https://example.org/a";
  const fits = (word: string): boolean =>
    new RegExp(pattern, "u").test(word) && word.length >= minLength && word.length <= maxLength;
  return words.find(fits) ?? "a";
}

/** Values that a schema does not admit, each wrong in one place. `whole` is a value that it does admit. */
export function wrongValues(schema: JsonSchema, whole = exampleOf(schema)): WrongValue[] {
  return [
    ...wrongTypes(schema),
    ...outOfBounds(schema),
    ...(isOf(schema, "object") ? wrongProperties(schema, whole as Record<string, unknown>) : []),
    ...(isOf(schema, "array") && schema.items ? wrongItems(schema.items) : []),
  ];
}

function isOf({ type = [] }: JsonSchema, name: string): boolean {
  return [type].flat().includes(name);
}

function wrongTypes(schema: JsonSchema): WrongValue[] {
  const admitted = [schema, ...(schema.anyOf ?? [])].flatMap(({ type = [] }) => type);
  if (admitted.length === 0) return [];
  const wrong = Object.entries(valuesOfTypes).find(
    ([type]) => !admitted.includes(type) && !(type === "number" && admitted.includes("integer")),
  );
  return wrong
    ? [{ what: `${wrong[0]} instead of ${admitted.join(" or ")}`, path: "", value: wrong[1] }]
    : [];
}

function outOfBounds(schema: JsonSchema): WrongValue[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, maxItems } = schema;
  const numbers: [string, number | undefined][] = [
    ["below the minimum", minimum === undefined ? undefined : minimum - 1],
    ["above the maximum", maximum === undefined ? undefined : maximum + 1],
    ["at the exclusive minimum", exclusiveMinimum],
    ["at the exclusive maximum", exclusiveMaximum],
    ["a fraction", isOf(schema, "integer") ? 1.5 : undefined],
  ];
  const wrong: [string, unknown][] = [...numbers, ...wrongTexts(schema)];
  if (maxItems !== undefined)
    wrong.push(["too long a list", Array(maxItems + 1).fill(exampleOf(schema.items ?? {}))]);
  return wrong.flatMap(([what, value]) => (value === undefined ? [] : [{ what, path: "", value }]));
}

function wrongTexts(schema: JsonSchema): [string, string | undefined][] {
  const { enum: choices, pattern, minLength = 0, maxLength } = schema;
  if (!isOf(schema, "string")) return [];
  return [
    ["no choice", choices && "no-such-choice"],
    ["too short", minLength > 0 ? "" : undefined],
    ["too long", maxLength === undefined ? undefined : "a".repeat(maxLength + 1)],
    [
      "not of the form",
      pattern === undefined ? undefined : unfit.find((text) => !new RegExp(pattern, "u").test(text)),
    ],
  ];
}

function wrongProperties(schema: JsonSchema, whole: Record<string, unknown>): WrongValue[] {
  const { properties = {}, required = [] } = schema;
  const missing = required.map((name) => {
    const rest = Object.entries(whole).filter(([other]) => other !== name);
    return { what: "missing", path: `/${name}`, value: Object.fromEntries(rest) };
  });
  const wrong = Object.entries(properties).flatMap(([name, property]) =>
    wrongValues(property, whole[name] ?? exampleOf(property)).map(({ what, path, value }) => ({
      what,
      path: `/${name}${path}`,
      value: { ...whole, [name]: value },
    })),
  );
  return [...missing, ...wrong];
}

function wrongItems(items: JsonSchema): WrongValue[] {
  return wrongValues(items).map(({ what, path, value }) => ({ what, path: `/0${path}`, value: [value] }));
}
