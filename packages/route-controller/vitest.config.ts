import { suite } from "@datalayer/devcluster/testkit/suite";

// Pods are objects whose status the tests set: no node is needed.
export default suite({ include: ["src/**/*.test.ts", "test/**/*.test.ts"], nodes: "none" });
