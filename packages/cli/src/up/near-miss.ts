import { closestName } from "@datalayer/shared/config/near-miss";
import { CommandError } from "../command/command-error.ts";
import type { ValueProblem } from "../helm/failures.ts";

/** Names, beside what is wrong with the values, the values of the chart that may have been meant; pure. */
export function withNearMisses(
  error: CommandError,
  problems: readonly ValueProblem[],
  defaults: object,
): CommandError {
  const next = problems.flatMap(({ path, unknown }) => {
    const meant = unknown === undefined ? undefined : closest(path, unknown, defaults);
    return meant === undefined ? [] : [`${path}: did you mean ${meant}?`];
  });
  if (next.length === 0) return error;
  return new CommandError(error.message, { exitCode: error.exitCode, next, cause: error });
}

/** Helm names the chart but not its place: the umbrella and the part that goes by its name are told apart by this. */
function closest(path: string, name: string, defaults: object): string | undefined {
  const parent = path.split(".").slice(0, -1);
  const inPart = closestName(name, Object.keys(valueAt(defaults, parent)));
  if (inPart !== undefined) return [...parent, inPart].join(".");
  return parent.length === 1 ? closestName(name, Object.keys(defaults)) : undefined;
}

function valueAt(values: object, path: readonly string[]): object {
  return path.reduce<object>((value, key) => {
    const next = (value as Record<string, unknown>)[key];
    return typeof next === "object" && next !== null ? next : {};
  }, values);
}
