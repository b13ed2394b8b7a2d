import { suite } from "@datalayer/devcluster/testkit/suite";

/** Tests that need root and a real node, on which builds run. */
export default suite({
  include: ["src/**/*.e2e.ts"],
  report: "e2e",
  testTimeoutMs: 300_000,
  fileParallelism: false,
});
