import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // Each file has a real node of its own; two would fight for two cores.
    fileParallelism: false,
    reporters: ["default", "json"],
    outputFile: { json: "reports/vitest.json" },
    testTimeout: 180_000,
    hookTimeout: 900_000,
  },
});
