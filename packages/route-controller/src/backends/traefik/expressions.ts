import { prefixOf } from "./rule-text.ts";

/** A regular expression (RE2) and what takes the place of what it found. */
interface Substitution {
  regex: string;
  replacement: string;
}

/**
 * Puts one prefix in place of another in a path, by whole segments.
 *
 * @param group - number of the group that takes what follows the prefix.
 * @param rest - characters that a path can have, as a set of RE2.
 */
export function prefixSubstitution(
  { from, to }: { from: string; to: string },
  { group, rest }: { group: number; rest: string },
): Substitution {
  const [old, next] = [literal(prefixOf(from)), replacementText(prefixOf(to))];
  // Without the slash before what follows, / would be lost where it is all that is left.
  return next === ""
    ? { regex: `${old}/?(${rest}*)`, replacement: `/\${${group}}` }
    : { regex: `${old}((?:/${rest}*)?)`, replacement: `${next}\${${group}}` };
}

/** A regular expression that finds this text, and nothing else. */
function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A replacement that is this text: `$` names groups. */
export function replacementText(text: string): string {
  return text.replaceAll("$", "$$$$");
}
