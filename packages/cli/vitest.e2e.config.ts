import { suite } from "@datalayer/devcluster/testkit/suite";

/** Tests that need root and a real node; each file starts clusters of its own. */
export default suite({
  include: ["src/**/*.e2e.ts"],
  report: "e2e",
  testTimeoutMs: 180_000,
  fileParallelism: false,
});
