import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { freezeWatch } from "@datalayer/devcluster/testkit/fault-proxy";
import { ConfigMap, Node, Pod } from "@datalayer/shared/kube/kinds";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AwsCloud, AwsFault } from "../../test/aws-cloud.ts";
import { ScaledCluster, startCloud } from "../../test/scaled-cluster.ts";
import { leastAvailable } from "../../test/pod-history.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { emptyingAnnotation } from "./node-role.ts";

let cloud: AwsCloud;
let scaled: ScaledCluster;
const configMap = "datalayer-operator-scaling";

beforeAll(async () => {
  cloud = await startCloud();
}, 120_000);

const sized = (): string[] => cloud.requests.filter((one) => one.startsWith("SetDesiredCapacity"));
/** Of this group: replicas of other tests may still be at work. */
const terminated = (): string[] =>
  cloud.requests.filter((one) => {
    const [action = "", id = ""] = one.split(" ");
    return action.startsWith("Terminate") && scaled.machines.known.has(id);
  });

describe("given a group of one node", { timeout: 90_000 }, () => {
  beforeEach(async () => {
    scaled = await ScaledCluster.start(cloud, 1);
    await scaled.startReplica();
    cloud.requests.length = 0;
  });

  it("adds the nodes that a pool lacks, each once, and tells of it", async () => {
    await scaled.pool("burst", 10);
    await scaled.settled(3);
    expect(await scaled.desired()).toBe(3);
    const sizes = sized().map((one) => Number(one.split(" ")[1]));
    expect(sizes).toEqual([...new Set(sizes)].sort());
    expect(sizes.at(-1)).toBe(3);
    const { node_requests: requests, nodes } = await scaled.view();
    expect(requests.map(({ status }) => status)).toEqual(requests.map(() => "succeeded"));
    expect(requests.reduce((sum, one) => sum + one.applied_delta_nodes, 0)).toBe(2);
    expect(nodes).toEqual(["ready", "ready", "ready"]);
    const told = await scaled.events();
    expect(told.get("Opened")).toMatch(/^Normal: scale-up-\d: from \d to \d nodes/);
    expect(told.has("Settled")).toBe(true);
    expect(await scaled.replica.counter("datalayer_scaling_commands_total")).toBe(requests.length);
  });

  it("removes the node that a pool needs no more, and no runtime before it is replaced", async () => {
    await scaled.pool("shrinking", 6);
    await scaled.settled(2);
    const before = await scaled.instances();
    const history = await scaled.cluster.record();
    await scaled.cluster.resize("shrinking", 3);
    await scaled.untilView(({ nodes }) => nodes.includes("pending_scale_down"), "a node being emptied");
    await scaled.settled(1);
    const [left = ""] = await scaled.instances();
    expect(await scaled.desired()).toBe(1);
    expect(before).toContain(left);
    expect(terminated()).toEqual([
      `TerminateInstanceInAutoScalingGroup ${before.find((id) => id !== left) ?? ""}`,
    ]);
    await scaled.cluster.available("shrinking", 3);
    expect(leastAvailable(history, "shrinking", 6)).toBeGreaterThanOrEqual(3);
  });

  it("gives a node back that is needed again before it is removed", async () => {
    await scaled.pool("wavering", 6);
    await scaled.settled(2);
    await scaled.cluster.resize("wavering", 3);
    await scaled.untilView(({ nodes }) => nodes.includes("pending_scale_down"), "a node being emptied");
    // More would not fit beside the Pods that still terminate, and have a third node added for a while.
    await scaled.cluster.resize("wavering", 5);
    await scaled.untilView(
      ({ node_requests: requests }) => requests.at(-1)?.status === "cancelled",
      "the request being called off",
    );
    await scaled.cluster.available("wavering", 5);
    await scaled.settled(2);
    expect(terminated()).toEqual([]);
    const nodes = await scaled.machines.nodes();
    expect(nodes.map(({ metadata }) => metadata.annotations?.[emptyingAnnotation])).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("waits for a user whose claim came first on the node that is emptied, and tells that user nothing", async () => {
    await scaled.pool("claimed", 6);
    await scaled.settled(2);
    await scaled.cluster.resize("claimed", 1);
    const runtime = await userOn((await emptied()).metadata.name);
    await scaled.untilView(
      ({ node_requests: requests }) => (requests.at(-1)?.elapsed_seconds ?? 0) > 14,
      "the time that a node has to settle being over",
    );
    expect(terminated()).toEqual([]);
    expect(await scaled.cluster.runtime(runtime.name)).toMatchObject({ state: "assigned", drain: undefined });
    await remove(runtime);
    await scaled.settled(1);
    expect(terminated()).toHaveLength(1);
  });

  it("removes no node on which the API server has a runtime that the caches do not show", async () => {
    await scaled.pool("unseen", 6);
    await scaled.settled(2);
    await scaled.cluster.resize("unseen", 1);
    const { metadata } = await emptied();
    const isOn = ({ pod }: Runtime): boolean => pod.spec?.nodeName === metadata.name;
    await eventually(async () => !(await scaled.cluster.runtimes()).some(isOn), {
      timeoutMs: 20_000,
      message: "the node being empty",
    });
    const { proxy } = scaled.cluster;
    const frozen = proxy.inject({ verb: "watch", resource: "pods", act: freezeWatch() });
    const runtime = await userOn(metadata.name);
    const sinceMs = performance.now();
    await eventually(() => proxy.log.select({ sinceMs, verb: "list", resource: "pods" }).length >= 3, {
      timeoutMs: 30_000,
      message: "the API server being asked whether the node is empty",
    });
    expect(terminated()).toEqual([]);
    frozen.remove();
    await remove(runtime);
    await scaled.settled(1);
  });

  const fault = (status: number, code: string): AwsFault => ({
    kind: "error",
    status,
    code,
    message: "not now",
  });
  it.each([
    ["throttled", [fault(400, "Throttling"), fault(400, "Throttling")], "CloudThrottled"],
    [
      "with expired credentials",
      [fault(403, "ExpiredToken"), fault(403, "ExpiredToken")],
      "CredentialsRefused",
    ],
    ["not answered", [{ kind: "drop-after" }], "CloudUnclear"],
  ] as [string, AwsFault[], string][])(
    "adds one node, and says why it takes longer, when it is %s",
    async (_, faults, reason) => {
      cloud.fail("SetDesiredCapacity", ...faults);
      await scaled.pool("hindered", 6);
      await scaled.settled(2);
      expect(await scaled.desired()).toBe(2);
      expect(new Set(sized())).toEqual(new Set(["SetDesiredCapacity 2"]));
      expect((await scaled.events()).get(reason)).toMatch(/^Warning: scale-up-\d/);
    },
  );

  it("removes one node of a cloud that takes longer than its answer is waited for", async () => {
    await scaled.pool("slow", 6);
    await scaled.settled(2);
    // When a call may be repeated, the golden trace "slow" shows.
    cloud.fail("TerminateInstanceInAutoScalingGroup", { kind: "late" });
    await scaled.cluster.resize("slow", 3);
    await scaled.settled(1);
    expect(await scaled.desired()).toBe(1);
    expect(terminated()).toHaveLength(1);
    expect((await scaled.events()).get("CloudUnclear")).toMatch(/^Warning: scale-down-\d/);
  });

  it("gives a command up that the cloud refuses, and keeps it", async () => {
    cloud.fail("SetDesiredCapacity", fault(400, "ValidationError"));
    await scaled.pool("refused", 6);
    await scaled.settled(2);
    const { node_requests: requests } = await scaled.view();
    expect(requests.map(({ status }) => status)).toEqual(["failed", "succeeded"]);
    expect((await scaled.events()).get("GivenUp")).toContain("Warning: scale-up-1: given up after 1 attempt");
    const stored = await scaled.cluster.admin.get(ConfigMap, {
      namespace: scaled.cluster.namespace,
      name: configMap,
    });
    expect(stored.data?.["operator-scaling-commands-dlq-topic"]).toContain("scale-up-1");
  });

  it("writes nothing while there is nothing to do", async () => {
    await scaled.pool("resting", 3);
    await scaled.settled(1);
    const { log } = scaled.cluster.proxy;
    const renewed = (sinceMs: number, times: number): Promise<unknown> =>
      eventually(() => log.commits({ sinceMs, resource: "leases" }).length >= times, {
        timeoutMs: 30_000,
        message: "the lease being renewed",
      });
    // The last Events of the pool are written meanwhile.
    await renewed(performance.now(), 1);
    const sinceMs = performance.now();
    const asked = cloud.groupsAsked.length;
    await renewed(sinceMs, 2);
    expect(log.writes({ sinceMs, exceptResource: "leases" })).toEqual([]);
    expect(cloud.groupsAsked.slice(asked).filter((one) => one === scaled.group).length).toBeLessThan(3);
  });

  it("begins nothing while what it remembers cannot be read, and says what is wrong", async () => {
    await scaled.pool("blind", 3);
    await scaled.settled(1);
    const ref = { namespace: scaled.cluster.namespace, name: configMap };
    const path = "/data/operator-scaling-commands-topic";
    await scaled.cluster.admin.patch(ConfigMap, ref, [{ op: "replace", path, value: '[{"id": 1}]' }]);
    await scaled.cluster.resize("blind", 6);
    const { scaling } = await scaled.untilView(
      (shown) => shown.scaling?.reason === "StateUnreadable",
      "the fault being shown",
    );
    expect(scaling?.message).toContain("data.operator-scaling-commands-topic at 0");
    await eventually(async () => (await scaled.events()).has("StateUnreadable"));
    expect(sized()).toEqual([]);
    const { metadata } = await scaled.cluster.admin.get(ConfigMap, ref);
    await scaled.cluster.admin.delete(ConfigMap, ref, { uid: metadata.uid });
    await scaled.settled(2);
  });

  it("has a node take Pods again that was cordoned for a command that nobody knows", async () => {
    await scaled.pool("stray", 3);
    await scaled.settled(1);
    const [node] = await scaled.machines.nodes();
    await scaled.cluster.admin.patch(Node, node!.metadata, [
      {
        op: "add",
        path: `/metadata/annotations/${emptyingAnnotation.replace("/", "~1")}`,
        value: `${scaled.cluster.namespace}/scale-down-99`,
      },
      { op: "add", path: "/spec/unschedulable", value: true },
    ]);
    await scaled.machines.ready(1);
    await scaled.cluster.available("stray", 3);
  });
});

describe("given a dry run", () => {
  it("records what it would do, once, and changes nothing", async () => {
    scaled = await ScaledCluster.start(cloud, 2);
    cloud.requests.length = 0;
    await scaled.startReplica({ DATALAYER_SCALING_DRY_RUN: "true", DATALAYER_SCALING_MIN_NODES: "0" });
    const { node_requests: requests } = await scaled.untilView(
      ({ scaling }) => scaling?.reason === "DryRun",
      "the dry run being recorded",
    );
    expect(requests[0]).toMatchObject({ operation: "scale_down", status: "dry_run", attempts: 0 });
    const { log } = scaled.cluster.proxy;
    const sinceMs = performance.now();
    await eventually(() => log.commits({ sinceMs, resource: "leases" }).length >= 2, { timeoutMs: 30_000 });
    const told = (await scaled.view()).node_requests;
    expect(new Set(told.map(({ reason }) => reason)).size).toBe(told.length);
    expect(log.writes({ resource: "nodes" })).toEqual([]);
    expect(cloud.groupsAsked).not.toContain(scaled.group);
    await scaled.machines.ready(2);
  });
});

/** Puts a runtime that a user has on a node, past scheduler and pools. */
async function userOn(nodeName: string): Promise<Runtime> {
  const { cluster } = scaled;
  const runtime = await cluster.lone(nodeName);
  return cluster.setState(runtime, "assigned");
}

/** The node that is emptied. */
const emptied = (): Promise<Node> =>
  eventually(
    async () =>
      (await scaled.machines.nodes()).find(({ metadata }) => metadata.annotations?.[emptyingAnnotation]),
    { timeoutMs: 20_000, message: "a node being emptied" },
  );

const remove = (runtime: Runtime): Promise<unknown> =>
  scaled.cluster.admin.delete(Pod, runtime, { uid: runtime.uid });
