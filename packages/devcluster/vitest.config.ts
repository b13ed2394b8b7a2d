import { suite } from "./src/testkit/suite.ts";

export default suite({ include: ["src/**/*.test.ts"], nodes: "none" });
