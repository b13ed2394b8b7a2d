import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["@datalayer/devcluster/testkit/global-setup"],
    // Warm Pods have to become ready: kwok plays their node.
    provide: { devclusterNodes: "kwok" },
    reporters: ["default", "json"],
    outputFile: { json: "reports/vitest.json" },
    // Tests wait for conditions; the limit only ends one that waits in vain.
    testTimeout: 30_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
