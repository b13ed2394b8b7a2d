import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    globalSetup: ["src/testkit/global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
