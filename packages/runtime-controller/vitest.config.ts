import { suite } from "@datalayer/devcluster/testkit/suite";

// Warm Pods have to become ready: kwok plays their node.
export default suite({ include: ["src/**/*.test.ts", "test/**/*.test.ts"], nodes: "kwok" });
