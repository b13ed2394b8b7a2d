import { suite } from "@datalayer/devcluster/testkit/suite";

// Helm and the commands are processes of their own: they take their time.
export default suite({ include: ["src/**/*.test.ts"], nodes: "kwok", testTimeoutMs: 120_000 });
