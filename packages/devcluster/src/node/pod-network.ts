import { randomBytes, randomInt } from "node:crypto";
import { BlockList } from "node:net";
import type { ClusterContext } from "../cluster/context.ts";
import { run } from "../process/run.ts";

/** The network of a node's Pods: a bridge that only this machine and the Pods are on. */
export interface PodNetwork {
  bridge: string;
  /** `10.x.y.0/24` */
  subnet: string;
  /** The address of this machine on the bridge: what a Pod can reach. */
  hostAddress: string;
}

/**
 * Makes the bridge of a new Pod network, in a subnet that no route of this machine covers.
 *
 * Pods reach one another and this machine, and nothing else: the bridge is not routed, so that neither packet
 * forwarding nor address translation is changed on this machine.
 */
export async function createPodNetwork(context: ClusterContext): Promise<PodNetwork> {
  const bridge = `dl-${randomBytes(4).toString("hex")}`;
  const prefix = await freePrefix(context.signal);
  const hostAddress = `${prefix}.1`;
  await context.state.recordUndo({ kind: "link", name: bridge });
  const ip = (...args: string[]) => run("ip", args, { signal: context.signal });
  await ip("link", "add", bridge, "type", "bridge");
  await ip("address", "add", `${hostAddress}/24`, "dev", bridge);
  await ip("link", "set", bridge, "up");
  return { bridge, hostAddress, subnet: `${prefix}.0/24` };
}

/** The configuration by which containerd gives each Pod its address. */
export function cniConfig(network: PodNetwork): string {
  return JSON.stringify({
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: network.bridge,
        // Gives out all but the first address of the subnet, which is this machine's.
        ipam: { type: "host-local", ranges: [[{ subnet: network.subnet }]] },
      },
    ],
  });
}

/** At random, so that clusters that start at once do not meet. */
async function freePrefix(signal: AbortSignal | undefined): Promise<string> {
  const routes = parseRoutes(await run("ip", ["-json", "-4", "route", "show"], { signal }));
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const prefix = `10.${200 + randomInt(50)}.${randomInt(256)}`;
    if (!routes.check(`${prefix}.1`)) {
      return prefix;
    }
  }
  throw new Error("no free subnet for Pods below 10.200.0.0 - 10.249.255.0");
}

/** The destinations that `ip -json route show` lists, without the default. */
export function parseRoutes(json: string): BlockList {
  const routes = new BlockList();
  for (const { dst } of JSON.parse(json || "[]") as { dst: string }[]) {
    const [address = "", length = "32"] = dst.split("/");
    if (dst !== "default") {
      routes.addSubnet(address, Number(length));
    }
  }
  return routes;
}
