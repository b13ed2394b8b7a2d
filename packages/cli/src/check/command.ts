import { setTimeout as pause } from "node:timers/promises";
import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { CommandError, usageError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { defaultRelease } from "../command/options.ts";
import { exitCode } from "../command/exit-code.ts";
import { printData } from "../terminal/output.ts";
import { type CheckReport, runChecks } from "./check.ts";
import { gatherFacts } from "./facts.ts";
import type { CheckFlags } from "./options.ts";
import { checkPage } from "./page.ts";
import { postChecks } from "./post-checks.ts";
import { preChecks } from "./pre-checks.ts";
import { gatherPreFacts, type PreInputs } from "./pre-facts.ts";

const AGAIN_MS = 2_000;

/** `plane check`: looks for what is wrong, and says what to do. Warnings alone are no failure. */
export async function check(
  context: CommandContext,
  name: string,
  rest: readonly string[],
  flags: CheckFlags,
): Promise<void> {
  const [release, helmFlags] = told(name, rest);
  refuseIdle(flags, helmFlags);
  await withCluster(context, flags, async (cluster) => {
    const { terminal } = context;
    const run = (): Promise<CheckReport> => checkOnce(cluster, release, { flags, helmFlags, context });
    const report = flags.wait === undefined ? await run() : await again(run, flags.wait, context);
    printData(terminal, flags.output, report, () => checkPage(report, terminal.paintOut));
    if (report.success) return;
    const code = flags.wait === undefined ? exitCode.failed : exitCode.timedOut;
    throw new CommandError("", { exitCode: code });
  });
}

/** The name may be left out, also before flags of Helm. */
function told(name: string, helmFlags: readonly string[]): [string, readonly string[]] {
  return name.startsWith("-") ? [defaultRelease, [name, ...helmFlags]] : [name, helmFlags];
}

/** What is installed has its chart and its values already. */
function refuseIdle(flags: CheckFlags, helmFlags: readonly string[]): void {
  const { pre, chart, chartVersion, values, set, setString, setFile } = flags;
  const given = [chart ?? [], chartVersion ?? [], values, set, setString, setFile, helmFlags].flat();
  if (pre || given.length === 0) return;
  throw usageError(
    `a chart and its values count before an installation only, and here is ${given.join(" ")}`,
    "add --pre, or leave them out",
  );
}

async function checkOnce(
  cluster: Cluster,
  release: string,
  inputs: PreInputs & { flags: CheckFlags },
): Promise<CheckReport> {
  if (inputs.flags.pre) return runChecks(preChecks, await gatherPreFacts(cluster, release, inputs));
  return runChecks(postChecks, await gatherFacts(cluster, release));
}

async function again(
  run: () => Promise<CheckReport>,
  timeoutMs: number,
  { signal, terminal }: CommandContext,
): Promise<CheckReport> {
  const deadlineMs = performance.now() + timeoutMs;
  let said = "";
  for (;;) {
    const report = await run();
    if (report.success || performance.now() > deadlineMs) return report;
    const text = `Waiting: ${errorsOf(report).join(", ")}`;
    if (text !== said) terminal.tell(text);
    said = text;
    await pause(AGAIN_MS, undefined, { signal });
  }
}

function errorsOf({ categories }: CheckReport): string[] {
  return categories.flatMap(({ checks }) =>
    checks.filter(({ result }) => result === "error").map(({ id }) => id),
  );
}
