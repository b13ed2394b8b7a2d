import { glob, readFile } from "node:fs/promises";
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

/** Adds up the reports that the suites wrote; Nx restores those of suites that it did not run again. */
export async function countTests(root: string): Promise<TestCounts> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const file of glob("{packages/*,e2e,tools,benchmarks}/reports/*.json", { cwd: root })) {
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
