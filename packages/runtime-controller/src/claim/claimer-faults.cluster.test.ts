import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  answer,
  dropAfter,
  dropBefore,
  hold,
  type ProxiedRequest,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { beforeAll, describe, expect, it } from "vitest";
import { claimRequest } from "../../test/claims-only.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import { type PodHistory } from "../../test/pod-history.ts";

let harness: Harness;
let history: PodHistory;

beforeAll(async () => {
  harness = await startHarness();
  history = await harness.record();
  // Keeps the pools; every test claims through a replica of its own, so that faults strike no other.
  await harness.startReplica("leader");
});

const isClaim = ({ body }: ProxiedRequest): boolean => body?.includes("claim-id") === true;
const claimsOf = (client: string) => ({ client, verb: "patch", resource: "pods", where: isClaim }) as const;
const namesTried = (client: string): Set<string | undefined> =>
  new Set(harness.proxy.log.select(claimsOf(client)).map(({ name }) => name));
const assignedIn = (pool: string): string[] =>
  history
    .assigned()
    .filter(({ versions }) => versions[0]?.pool === pool)
    .map(({ name }) => name);

describe("given an API server whose answers get lost", () => {
  it.each([
    ["dropped after it was carried out", dropAfter()],
    ["dropped before", dropBefore()],
    ["a 500", answer(500)],
    ["a 504", answer(504)],
  ] as const)("assigns the same Pod in the end when the answer is %s", async (fault, act) => {
    const name = `lost-${fault.replaceAll(" ", "-")}`;
    await harness.warmPool({ name, size: 2 });
    const replica = await harness.startReplica(name);
    harness.proxy.inject({ ...claimsOf(name), times: 1, act });
    const { status, body } = await replica.claim({ environment_name: name });
    expect(status).toBe(201);
    expect(namesTried(name)).toEqual(new Set([body.runtime.pod_name]));
    await expect.poll(() => assignedIn(name)).toEqual([body.runtime.pod_name]);
  });

  it.each([
    ["with a key", "key"],
    ["without a key", undefined],
  ])("a claim %s that was held and given up never takes a Pod", async (_, key) => {
    const name = `held-${key ?? "none"}`;
    await harness.warmPool({ name, size: 2 });
    const replica = await harness.startReplica(name);
    const held = harness.proxy.inject({ ...claimsOf(name), act: hold() });
    const { status, headers, body } = await replica.claim({ environment_name: name }, key);
    expect({ status, type: body.type, retry: headers["retry-after"] }).toEqual({
      status: 503,
      type: expect.stringContaining("unavailable") as string,
      retry: "1",
    });
    held.release();
    const requests = harness.proxy.log.select(claimsOf(name));
    await eventually(() => requests.every(({ upstreamStatus }) => upstreamStatus !== undefined));
    expect(new Set(requests.map(({ upstreamStatus }) => upstreamStatus! >= 400))).toEqual(new Set([true]));
    held.remove();
    const second = await replica.claim({ environment_name: name }, key);
    expect(second.status).toBe(201);
    await expect.poll(() => assignedIn(name)).toEqual([second.body.runtime.pod_name]);
  });
});

describe("a claim without a key whose replica is cut off from the API server until it has given up", () => {
  it("leaves its Pod to another claim that took it meanwhile", async () => {
    await harness.warmPool({ name: "taken-over", size: 1 });
    const cutOff = await harness.startClaims("cut-off");
    const other = await harness.startClaims("other");
    const held = harness.proxy.inject({ ...claimsOf("cut-off"), act: hold() });
    const given = cutOff.claimer.claim(claimRequest("taken-over"));
    await held.struck();
    cutOff.link.partition();
    await expect(given).rejects.toMatchObject({ refusal: "unavailable" });
    const { name } = await other.claimer.claim(claimRequest("taken-over", { userUid: "user-2" }));
    expect(namesTried("cut-off")).toEqual(new Set([name]));
    cutOff.link.heal();
    await cutOff.abandoner.drained();
    const left = await harness.runtime(name);
    expect(left).toMatchObject({ terminating: false, assignment: { userUid: "user-2" } });
  });

  it("leaves nothing behind when its own patch was carried out", async () => {
    await harness.warmPool({ name: "own", size: 1 });
    const cutOff = await harness.startClaims("cut-off-own");
    const held = harness.proxy.inject({ ...claimsOf("cut-off-own"), times: 1, act: hold("reply") });
    const given = cutOff.claimer.claim(claimRequest("own"));
    await held.struck();
    cutOff.link.partition();
    await expect(given).rejects.toMatchObject({ refusal: "unavailable" });
    const [name] = await eventually(() => assignedIn("own").length > 0 && assignedIn("own"));
    cutOff.link.heal();
    await cutOff.abandoner.drained();
    expect((await harness.runtime(name!))?.terminating ?? true).toBe(true);
  });
});
