/** How a registry wants to be asked, as its `WWW-Authenticate` header says. */
export type Challenge =
  { scheme: "basic" } | { scheme: "bearer"; realm: string; service?: string; scope?: string };

const parameter = /([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** Reads the header; the strongest scheme of several counts. Undefined when it has none that registries use. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const challenges = (header ?? "").split(/,\s*(?=(?:Basic|Bearer)\b)/i).flatMap(one);
  return challenges.find(({ scheme }) => scheme === "bearer") ?? challenges[0];
}

function one(text: string): Challenge[] {
  const scheme = /^\s*(basic|bearer)\b/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === "basic") return [{ scheme }];
  if (scheme !== "bearer") return [];
  const { realm, service, scope } = parametersOf(text);
  if (realm === undefined) return [];
  return [
    { scheme, realm, ...(service !== undefined && { service }), ...(scope !== undefined && { scope }) },
  ];
}

function parametersOf(text: string): Partial<Record<string, string>> {
  const pairs = [...text.matchAll(parameter)].map(([, name = "", quoted, plain]) => [
    name.toLowerCase(),
    quoted?.replaceAll(/\\(.)/g, "$1") ?? plain,
  ]);
  return Object.fromEntries(pairs) as Partial<Record<string, string>>;
}
