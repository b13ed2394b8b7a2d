import { defineConfig } from "vitest/config";

/** Tests that need root and a real node; each file starts its own clusters. */
export default defineConfig({
  test: {
    include: ["src/**/*.e2e.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    // The first start builds what is not in the cache.
    hookTimeout: 30 * 60_000,
  },
});
