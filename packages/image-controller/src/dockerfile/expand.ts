/** Values of variables by their names. */
export type Variables = ReadonlyMap<string, string>;

const plainName = /^\$([A-Za-z_][A-Za-z0-9_]*)/;
const inBraces = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+])([^${}]*))?\}/;

/**
 * A word of a Dockerfile with its variables replaced, as BuildKit does in `FROM`: `$NAME`, `${NAME}`, `${NAME:-word}`,
 * `${NAME-word}`, `${NAME:+word}`, `${NAME+word}`. Undefined when it holds what only BuildKit itself can tell.
 */
export function expand(word: string, variables: Variables): string | undefined {
  let expanded = "";
  for (let rest = word; rest !== "";) {
    const dollar = rest.indexOf("$");
    expanded += dollar < 0 ? rest : rest.slice(0, dollar);
    if (dollar < 0) break;
    rest = rest.slice(dollar);
    const match = plainName.exec(rest) ?? inBraces.exec(rest);
    if (!match) return undefined;
    expanded += valueOf(match, variables);
    rest = rest.slice(match[0].length);
  }
  return expanded;
}

function valueOf([, name = "", operator = "", word = ""]: RegExpExecArray, variables: Variables): string {
  const value = variables.get(name) ?? "";
  // With a colon, an empty value counts as none.
  const isSet = operator.startsWith(":") ? value !== "" : variables.has(name);
  if (operator.endsWith("+")) return isSet ? word : "";
  return isSet || operator === "" ? value : word;
}
