/** Fields of a spec. */
export type Fields = Record<string, unknown>;

/** A spec that the API server refuses: what it is, the spec, the path of the field, and what is said of that. */
export type RefusedSpec = [what: string, spec: Fields, path: string, expected: string];

/** The variables of an environment. */
export const env = (...entries: [string, unknown][]): Fields => ({
  env: entries.map(([name, value]) => ({ name, value })),
});
