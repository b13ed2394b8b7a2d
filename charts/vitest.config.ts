import { suite } from "@datalayer/devcluster/testkit/suite";

export default suite({ include: ["test/**/*.test.ts"] });
