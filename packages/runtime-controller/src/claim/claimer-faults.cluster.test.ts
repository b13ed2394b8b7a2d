import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  answer,
  dropAfter,
  dropBefore,
  hold,
  type ProxiedRequest,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { beforeAll, describe, expect, it } from "vitest";
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
