import { describe, expect, it } from "vitest";
import { cniConfig, parseRoutes } from "./pod-network.ts";

describe("the routes of a machine", () => {
  const routes = parseRoutes(
    JSON.stringify([{ dst: "default" }, { dst: "10.210.0.0/16" }, { dst: "10.220.3.1" }]),
  );

  it.each([
    ["10.210.44.1", true],
    ["10.220.3.1", true],
    ["10.220.3.2", false],
    ["10.230.0.1", false],
  ])("of %s: covered is %s, the default apart", (address, covered) => {
    expect(routes.check(address)).toBe(covered);
  });

  it("are none when the machine has none", () => {
    expect(parseRoutes("").check("10.200.0.1")).toBe(false);
  });
});

describe("the network of Pods", () => {
  it("neither routes nor translates, so that the machine's own set-up stays as it is", () => {
    const network = { bridge: "dl-1", subnet: "10.200.1.0/24", hostAddress: "10.200.1.1" };
    const { plugins } = JSON.parse(cniConfig(network)) as { plugins: Record<string, unknown>[] };
    expect(plugins).toEqual([
      {
        type: "bridge",
        bridge: "dl-1",
        ipam: { type: "host-local", ranges: [[{ subnet: "10.200.1.0/24" }]] },
      },
    ]);
  });
});
