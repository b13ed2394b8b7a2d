/** What a check found. */
export interface Finding {
  readonly result: "ok" | "warning" | "error";
  /** What is wrong, and what it leads to; empty when all is well. */
  readonly message: string;
}

/** One thing that is looked at; pure. */
export interface Check<Facts> {
  /** Also the heading of docs/checks.md that says what to do. */
  readonly id: string;
  /** What holds when all is well: "Helm is there, and new enough". */
  readonly description: string;
  readonly run: (facts: Facts) => Finding;
}

/** Checks that belong together. */
export interface Category<Facts> {
  readonly name: string;
  readonly checks: readonly Check<Facts>[];
}

/** A check and what it found. */
export interface Checked extends Finding {
  readonly id: string;
  readonly description: string;
  /** Where it is explained. */
  readonly hint: string;
}

/** The outcome of all checks. */
export interface CheckReport {
  /** Nothing is wrong; warnings do not count. */
  readonly success: boolean;
  readonly categories: readonly { name: string; checks: readonly Checked[] }[];
}

/** Something that was read, or why it could not be. */
export type Fact<T> = { readonly value: T } | { readonly problem: string };

/** The page that explains each check under its id. */
const hintsPage = "https://datalayer.io/docs/operator/checks";

/** Where a check is explained. */
export function hintOf(id: string): string {
  return `${hintsPage}#${id}`;
}

/** All is well. */
export const ok: Finding = { result: "ok", message: "" };

/** Something does not work. */
export function failed(message: string): Finding {
  return { result: "error", message };
}

/** Something may not work as expected, or is worth knowing. */
export function warned(message: string): Finding {
  return { result: "warning", message };
}

/** What follows from a fact; one that could not be read is a warning, as nobody knows. */
export function fromFact<T>(fact: Fact<T>, judge: (value: T) => Finding): Finding {
  return "value" in fact ? judge(fact.value) : warned(`not known: ${fact.problem}`);
}

/** Runs all checks. */
export function runChecks<Facts>(categories: readonly Category<Facts>[], facts: Facts): CheckReport {
  const checked = categories.map(({ name, checks }) => ({
    name,
    checks: checks.map(({ id, description, run }) => ({
      id,
      description,
      ...run(facts),
      hint: hintOf(id),
    })),
  }));
  const success = checked.every(({ checks }) => checks.every(({ result }) => result !== "error"));
  return { success, categories: checked };
}
