import { suite } from "@datalayer/devcluster/testkit/suite";

export default suite({
  include: ["src/**/*.test.ts"],
  nodes: "kwok",
  ownCluster: true,
  // Helm and the commands are processes of their own: they take their time.
  testTimeoutMs: 120_000,
  // One operator serves a cluster.
  fileParallelism: false,
});
