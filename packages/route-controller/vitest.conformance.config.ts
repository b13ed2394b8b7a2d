import { suite } from "@datalayer/devcluster/testkit/suite";

// The conformance tests of the Gateway API take minutes: npm run conformance.
export default suite({
  include: ["test/conformance/all.ts"],
  nodes: "none",
  report: "conformance",
  testTimeoutMs: 45 * 60_000,
});
