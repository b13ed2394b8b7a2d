import { suite } from "@datalayer/devcluster/testkit/suite";

// Each file has a real node of its own; two would fight for two cores.
export default suite({
  include: ["src/**/*.test.ts"],
  report: "e2e",
  testTimeoutMs: 180_000,
  fileParallelism: false,
});
