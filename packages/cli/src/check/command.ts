import { setTimeout as pause } from "node:timers/promises";
import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { CommandError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { exitCode } from "../command/exit-code.ts";
import { printData } from "../terminal/output.ts";
import { type CheckReport, runChecks } from "./check.ts";
import { gatherFacts } from "./facts.ts";
import type { CheckFlags } from "./options.ts";
import { checkPage } from "./page.ts";
import { postChecks } from "./post-checks.ts";
import { preChecks } from "./pre-checks.ts";
import { gatherPreFacts } from "./pre-facts.ts";

const AGAIN_MS = 2_000;

/** `plane check`: looks for what is wrong, and says what to do. Warnings alone are no failure. */
export async function check(context: CommandContext, release: string, flags: CheckFlags): Promise<void> {
  await withCluster(context, flags, async (cluster) => {
    const { terminal } = context;
    const run = (): Promise<CheckReport> => checkOnce(cluster, context, { release, flags });
    const report = flags.wait === undefined ? await run() : await again(run, flags.wait, context);
    printData(terminal, flags.output, report, () => checkPage(report, terminal.paintOut));
    if (report.success) return;
    const code = flags.wait === undefined ? exitCode.failed : exitCode.timedOut;
    throw new CommandError("", { exitCode: code });
  });
}

async function checkOnce(
  cluster: Cluster,
  context: CommandContext,
  { release, flags }: { release: string; flags: CheckFlags },
): Promise<CheckReport> {
  if (flags.pre) return runChecks(preChecks, await gatherPreFacts(cluster, context, { release, flags }));
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
