import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tempDir } from "@datalayer/devcluster/testkit/temp-dir";
import { describe, expect, it } from "vitest";
import { countTests, removeReports } from "./count.ts";

async function report(root: string, file: string, numPassedTests: number): Promise<void> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  const rest = { numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
  await writeFile(path, JSON.stringify({ numPassedTests, ...rest }));
}

describe("the counts of a run", () => {
  it("add up what its suites reported, and nothing that lay there before", async () => {
    const root = await tempDir();
    await report(root, "packages/gone/reports/test.json", 100);
    await report(root, "packages/one/reports/conformance.json", 1000);
    await removeReports(root);
    await report(root, "packages/one/reports/test.json", 1);
    await report(root, "packages/one/reports/e2e.json", 2);
    await report(root, "tools/reports/test.json", 3);
    expect(await countTests(root)).toEqual({ passed: 6, failed: 0, skipped: 0 });
  });
});
