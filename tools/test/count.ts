import { glob, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/** How many tests ended how. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  /** A file that could not be run has failed without a test of its own. */
  testResults: { status: string; assertionResults: unknown[] }[];
}

/** What `test` and `e2e` write; other targets report beside them. */
const reports = "{packages/*,e2e,tools,benchmarks}/reports/{test,e2e}.json";

/** Removes the reports of earlier runs: a suite that does not run this time must not be counted. */
export async function removeReports(root: string): Promise<void> {
  for await (const file of glob(reports, { cwd: root })) await rm(join(root, file));
}

/** Adds up the reports that the suites wrote; Nx restores those of suites that it did not run again. */
export async function countTests(root: string): Promise<TestCounts> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const file of glob(reports, { cwd: root })) {
    const report = JSON.parse(await readFile(join(root, file), "utf8")) as VitestReport;
    const broken = report.testResults.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
    );
    counts.passed += report.numPassedTests;
    counts.failed += report.numFailedTests + broken.length;
    counts.skipped += report.numPendingTests + report.numTodoTests;
  }
  return counts;
}

/** The line that ends the run. */
export function summaryLine({ passed, failed, skipped }: TestCounts): string {
  const line = `tests: ${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}
