import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  answer,
  dropAfter,
  freezeWatch,
  hold,
  type ProxiedRequest,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { claimRequest } from "../../test/claims-only.ts";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { PodHistory } from "../../test/pod-history.ts";
import type { ClaimBody } from "../../test/test-replica.ts";
import { annotation } from "../runtime/names.ts";
import type { RuntimeView } from "../http/schemas.ts";
import type { AssignedRuntime } from "../runtime/runtime.ts";

let harness: Harness;
let history: PodHistory;
let replica: TestReplica;

beforeAll(async () => {
  harness = await startHarness();
  history = await harness.record();
  replica = await harness.startReplica("injecting");
});

const secrets = [{ name: "API_KEY", value: "value-1" }];
const envVars = [{ name: "REGION", value: "eu" }];
const withSecrets = (pool: string, rest: ClaimBody = {}): ClaimBody => ({
  pool_name: pool,
  secrets,
  ...rest,
});

/** The Secret of a claim as it is stored, decoded. */
async function claimSecretOf(podName: string): Promise<Record<string, string> | undefined> {
  const { items } = await harness.admin.list(Secret, { namespace: harness.namespace });
  const data = items.find(({ metadata }) => metadata.name === `${podName}-claim`)?.data;
  const textOf = (encoded: string): string => Buffer.from(encoded, "base64").toString();
  const entries = Object.entries(data ?? {}).map(([name, encoded]) => [name, textOf(encoded)] as const);
  return data && Object.fromEntries(entries);
}

/** The writes on a runtime since its claim, by what they do. */
function writesOf(podName: string, client?: string): string[] {
  const isAbout = ({ name, body = "" }: ProxiedRequest): boolean =>
    name === podName || body.includes(`"name":"${podName}-claim"`);
  const kindOf = ({ verb, resource, body = "" }: ProxiedRequest): string => {
    if (body.includes("claim-id") && body.includes("assigned")) return "claim";
    return body.includes(annotation.injected.split("/")[1]!) ? "nudge" : `${verb} ${resource}`;
  };
  const writes = harness.proxy.log.writes({ where: isAbout });
  const sinceClaim = writes.slice(writes.findIndex((write) => kindOf(write) === "claim"));
  return sinceClaim.filter((write) => write.client === (client ?? write.client)).map(kindOf);
}

const isClaimSecret = ({ body = "" }: ProxiedRequest): boolean => body.includes('-claim"');
/** Whether the runtime is taken back: it has gone, or it is on its way, which its user's grace period may take. */
const goneOf = (podName: string): Promise<unknown> =>
  eventually(async () => (await harness.runtime(podName))?.terminating !== false);

describe("a claim that brings variables", () => {
  it("takes its Pod, then creates the Secret, then lets kubelet look: once each", async () => {
    await harness.warmPool({ name: "order", size: 1 });
    const { status, body } = await replica.claim(withSecrets("order", { env_vars: envVars }));
    expect(status).toBe(201);
    const { pod_name: podName } = body.runtime;
    expect(writesOf(podName)).toEqual(["claim", "create secrets", "nudge"]);
    const { pod } = (await harness.runtime(podName))!;
    const annotations = pod.metadata.annotations ?? {};
    expect(annotations[annotation.bringsSecret]).toBe("true");
    expect(annotations[annotation.injected]).toBe("true");
    expect(await claimSecretOf(podName)).toEqual({
      "secret-of-claim": annotations[annotation.claimId],
      API_KEY: "value-1",
      REGION: "eu",
    });
  });

  it("and one that brings none writes what it always did", async () => {
    await harness.warmPool({ name: "plain", size: 1 });
    const { body } = await replica.claim({ pool_name: "plain", env_vars: [] });
    const { pod_name: podName } = body.runtime;
    expect(writesOf(podName)).toEqual(["claim"]);
    const { pod } = (await harness.runtime(podName))!;
    expect(pod.metadata.annotations).not.toHaveProperty([annotation.bringsSecret]);
    expect(await claimSecretOf(podName)).toBeUndefined();
  });

  it("leaves no Secret when its runtime ends", async () => {
    await harness.warmPool({ name: "ending", size: 1 });
    const { pod_name: podName } = (await replica.claim(withSecrets("ending"))).body.runtime;
    await replica.ask("DELETE", `/runtimes/${podName}`);
    await eventually(async () => (await claimSecretOf(podName)) === undefined, {
      timeoutMs: 30_000,
      message: "the Secret being collected",
    });
  });
});

describe("a claim that is repeated with its key", () => {
  it("writes nothing twice, on this replica and on others", async () => {
    await harness.warmPool({ name: "again", size: 2 });
    const other = await harness.startReplica("other");
    const first = await replica.claim(withSecrets("again"), "again");
    const { pod_name: podName } = first.body.runtime;
    const second = await replica.claim(withSecrets("again"), "again");
    expect(second.body).toEqual(first.body);
    // Who knows of a later claim has seen all of this one.
    const later = await replica.claim({ pool_name: "again" });
    await eventually(async () => {
      const { body } = await other.ask("GET", "/runtimes");
      return (body["runtimes"] as RuntimeView[]).some(({ uid }) => uid === later.body.runtime.uid);
    });
    const third = await other.claim(withSecrets("again"), "again");
    expect(third.body).toEqual(first.body);
    expect(writesOf(podName)).toEqual(["claim", "create secrets", "nudge"]);
  });

  it("writes nothing twice when its watch is behind its own writes", async () => {
    await harness.warmPool({ name: "behind", size: 1 });
    const isNudge = ({ body = "" }: ProxiedRequest): boolean =>
      body.includes(annotation.injected.split("/")[1]!);
    const own = { client: "injecting", resource: "pods" } as const;
    const nudge = harness.proxy.inject({ ...own, verb: "patch", where: isNudge, act: hold() });
    const claim = replica.claim(withSecrets("behind"), "behind");
    await nudge.struck();
    const watch = harness.proxy.inject({ ...own, verb: "watch", act: freezeWatch() });
    nudge.remove();
    const { body } = await claim;
    const repeated = await replica.claim(withSecrets("behind"), "behind");
    watch.remove();
    expect(repeated.body).toEqual(body);
    expect(writesOf(body.runtime.pod_name)).toEqual(["claim", "create secrets", "nudge"]);
  });

  it("is refused with other values, of which the Pod tells nothing", async () => {
    await harness.warmPool({ name: "changed", size: 1 });
    const { body } = await replica.claim(withSecrets("changed"), "changed");
    const changed = withSecrets("changed", { secrets: [{ name: "API_KEY", value: "value-2" }] });
    const repeated = await replica.claim(changed, "changed");
    expect(repeated).toMatchObject({
      status: 422,
      body: { type: expect.stringContaining("key-reused") as string },
    });
    const { pod } = (await harness.runtime(body.runtime.pod_name))!;
    // Sealed with the operator's key: not a hash that others could compute.
    expect(pod.metadata.annotations?.[annotation.bodySeal]).toMatch(/^[0-9a-f]{8}\.[0-9a-f]{64}$/);
  });

  it("finishes what a replica that died after the claim patch has begun", async () => {
    await harness.warmPool({ name: "died", size: 1 });
    const dying = await harness.startReplica("dying");
    const rule = { client: "dying", verb: "create", resource: "secrets" } as const;
    const fault = harness.proxy.inject({ ...rule, where: isClaimSecret, act: answer(500) });
    const claim = dying.claim(withSecrets("died"), "died");
    await fault.struck();
    await dying.kill();
    const { status, body } = await replica.claim(withSecrets("died"), "died");
    expect(status).toBe(201);
    expect(await claimSecretOf(body.runtime.pod_name)).toMatchObject({ API_KEY: "value-1" });
    expect(writesOf(body.runtime.pod_name, "injecting")).toEqual(["create secrets", "nudge"]);
    await claim;
  });
});

describe("a Secret whose answer is lost", () => {
  it("is created once, and the claim succeeds", async () => {
    await harness.warmPool({ name: "lost", size: 1 });
    const rule = { client: "injecting", verb: "create", resource: "secrets", times: 1 } as const;
    const fault = harness.proxy.inject({ ...rule, where: isClaimSecret, act: dropAfter() });
    const { status, body } = await replica.claim(withSecrets("lost"));
    expect(fault.hits).toBe(1);
    expect(status).toBe(201);
    expect(await claimSecretOf(body.runtime.pod_name)).toMatchObject({ API_KEY: "value-1" });
  });
});

describe("a Secret that the cluster refuses", () => {
  it("fails the claim, in words of our own, and takes the runtime back", async () => {
    await harness.warmPool({ name: "refused", size: 1 });
    const rule = { client: "injecting", verb: "create", resource: "secrets", times: 1 } as const;
    const act = answer(403, { message: "the webhook does not like value-1" });
    harness.proxy.inject({ ...rule, where: isClaimSecret, act });
    const { status, body } = await replica.claim(withSecrets("refused"), "refused");
    expect(status).toBe(502);
    expect(body.type).toContain("injection-failed");
    expect(body.detail).toMatch(/^the cluster refuses the variables of runtime runtime-\w+: 403 Forbidden$/);
    const podName = /runtime-\w{26}/.exec(body.detail)![0];
    await goneOf(podName);
    expect(await claimSecretOf(podName)).toBeUndefined();
    expect((await replica.claim(withSecrets("refused"), "refused")).status).toBe(410);
  });
});

describe("the same key on replicas that choose different Pods", () => {
  it("leaves Secrets for the winners alone", async () => {
    const size = 12;
    await harness.warmPool({ name: "dup", size });
    const replicas = await Promise.all(["dup-0", "dup-1", "dup-2"].map((name) => harness.startClaims(name)));
    // Each is kept from another third, as when caches differ.
    const runtimes = await harness.runtimes({ pool: "dup" });
    for (const [index, { candidates }] of replicas.entries())
      for (const runtime of runtimes.filter((_, place) => place % 3 === index)) candidates.reserve(runtime);
    const keys = Array.from({ length: 4 }, (_, index) => `dup-key-${index}`);
    const winners = await Promise.all(
      keys.map(async (idempotencyKey) => {
        const request = claimRequest("dup", { idempotencyKey, bringsSecret: true });
        const names = replicas.map(async ({ claimer, injector }) => {
          const runtime = await claimer.claim(request);
          await injector.inject(runtime as AssignedRuntime, new Map([["KEY", idempotencyKey]]));
          return runtime.name;
        });
        return new Set(await Promise.all(names));
      }),
    );
    const podNames = winners.flatMap((names) => [...names]);
    expect(podNames).toHaveLength(keys.length);
    // More Pods were claimed than keys: the replicas did compete.
    const claimed = history.assigned().filter(({ versions }) => versions[0]?.pool === "dup");
    expect(claimed.length).toBeGreaterThan(keys.length);
    const created = harness.proxy.log.select({ verb: "create", resource: "secrets" });
    const named = created.flatMap(({ client, body = "" }) =>
      client.startsWith("dup-") ? (/"name":"(runtime-\w+)-claim"/.exec(body)?.[1] ?? []) : [],
    );
    expect([...new Set(named)].toSorted()).toEqual(podNames.toSorted());
    for (const [index, podName] of podNames.entries())
      expect(await claimSecretOf(podName)).toMatchObject({ KEY: keys[index] });
  });
});
