import type { Paint } from "../terminal/terminal.ts";
import type { Checked, CheckReport } from "./check.ts";

const marks = { ok: ["green", "√"], warning: ["yellow", "‼"], error: ["red", "×"] } as const;

/** A report for people: each check with its mark, and below what is not well why, and where to read on. */
export function checkPage({ categories }: CheckReport, paint: Paint): string {
  const sections = categories.map(({ name, checks }) =>
    [paint("bold", name), "-".repeat(name.length), ...checks.flatMap((one) => linesOf(one, paint))].join(
      "\n",
    ),
  );
  return [...sections, verdict(categories.flatMap(({ checks }) => checks))].join("\n\n");
}

function linesOf({ result, description, message, hint }: Checked, paint: Paint): string[] {
  const [look, mark] = marks[result];
  const head = `${paint(look, mark)} ${description}`;
  if (result === "ok") return [head];
  return [head, ...message.split("\n").map((line) => `    ${line}`), `    see ${hint}`];
}

function verdict(checks: readonly Checked[]): string {
  const count = (result: Checked["result"], word: string): string => {
    const found = checks.filter((check) => check.result === result).length;
    return found === 0 ? "" : `${found} ${word}${found === 1 ? "" : "s"}`;
  };
  const found = [count("error", "error"), count("warning", "warning")].filter(Boolean);
  return `Status: ${found.length === 0 ? "all is well" : found.join(", ")}`;
}
