import { suite } from "@datalayer/devcluster/testkit/suite";

// The tests play the kubelet of builds: no node is needed.
export default suite({ include: ["src/**/*.test.ts", "test/**/*.test.ts"], nodes: "none" });
