/**
 * Runs every check and test of the project, and ends with one line that counts the tests: `npm test`.
 *
 * Tests share one local cluster, which this starts and removes; Nx leaves out what has not changed.
 */
import { join } from "node:path";
import { startCluster } from "@datalayer/devcluster/cluster";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { execa } from "execa";
import { countTests, removeReports, summaryLine } from "./count.ts";

const root = join(import.meta.dirname, "../..");

async function runTargets(
  targets: readonly string[],
  options: { parallel: number; env?: Record<string, string> },
): Promise<boolean> {
  const { failed } = await execa("nx", ["run-many", "-t", ...targets, `--parallel=${options.parallel}`], {
    cwd: root,
    stdio: "inherit",
    preferLocal: true,
    reject: false,
    env: { NX_DAEMON: "false", ...options.env },
  });
  return !failed;
}

async function runTests(): Promise<boolean> {
  const cluster = await startCluster({ nodes: "kwok", progress: stderrProgress() });
  try {
    // One suite at a time: they share two cores and a cluster, and some of them measure.
    return await runTargets(["test", "e2e"], { parallel: 1, env: cluster.env() });
  } finally {
    await cluster.down();
  }
}

const checked = await runTargets(["lint", "typecheck", "verify"], { parallel: 2 });
await removeReports(root);
const tested = await runTests();
const counts = await countTests(root);
if (!checked) process.stdout.write("\nA check failed: see lint, typecheck and verify above.\n");
process.stdout.write(`\n${summaryLine(counts)}\n`);
process.exitCode = checked && tested && counts.failed === 0 && counts.passed > 0 ? 0 : 1;
