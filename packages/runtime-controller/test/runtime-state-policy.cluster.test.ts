import { randomBytes } from "node:crypto";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { loadAccess } from "@datalayer/shared/kube/access";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { Pod } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { annotation, label } from "../src/runtime/names.ts";
import { buildAssignedPod } from "../src/runtime/assigned-pod.ts";
import { mayBecome, type RuntimeState, runtimeStates } from "../src/runtime/state.ts";
import { assignment } from "./assignment.ts";
import { installChart, installRbac, tokenOf } from "./manifests.ts";
import { storedEnvironment, storedPool } from "./pool-objects.ts";

let admin: RestClient;
let namespace: string;
let kubeconfigPath: string;
const pods = new Map<RuntimeState, Pod>();

const wayTo: Record<RuntimeState, readonly RuntimeState[]> = {
  pending: [],
  available: ["available"],
  assigned: ["available", "assigned"],
  paused: ["available", "assigned", "paused"],
};

beforeAll(async () => {
  ({ kubeconfigPath } = await useCluster());
  namespace = await testNamespace();
  admin = new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "test", fieldManager: "test" });
  await installChart(admin, namespace);
  for (const state of runtimeStates) {
    let pod = await create({ [label.app]: runtimeApp, [label.state]: "pending" });
    for (const next of wayTo[state]) pod = await setLabel(pod, label.state, next);
    if (state === "available") pod = await setLabel(pod, label.userUid, "not-yet");
    pods.set(state, pod);
  }
});

afterAll(() => admin.close());

function create(labels: Record<string, string>, query = ""): Promise<Pod> {
  const metadata = { name: `pod-${randomBytes(4).toString("hex")}`, labels };
  // No node takes it: it is only ever written by this test.
  const spec = { schedulerName: "none", containers: [{ name: "c", image: "i" }] };
  const body = JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec });
  return admin.raw({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/pods?${query}`,
    body,
  }) as Promise<Pod>;
}

const setLabel = ({ metadata }: Pod, name: string, value: string): Promise<Pod> =>
  admin.patch(Pod, metadata, [{ op: "add", path: pointer("metadata", "labels", name), value }]);

/** Sends a merge patch of labels, without effect; null removes one. */
function attempt(
  state: RuntimeState,
  labels: Record<string, string | null>,
  subresource = "",
): Promise<unknown> {
  const { name } = pods.get(state)!.metadata;
  return admin.raw({
    method: "PATCH",
    path: `/api/v1/namespaces/${namespace}/pods/${name}${subresource}?dryRun=All`,
    contentType: "application/merge-patch+json",
    body: JSON.stringify({ metadata: { labels } }),
  });
}

/** `allowed`, or the sentence with which the policy refuses. */
async function verdictOn(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return "allowed";
  } catch (error) {
    if (!(error instanceof ApiError && error.isForbidden)) throw error;
    return /denied request: (.*)$/.exec(error.message)?.[1] ?? error.message;
  }
}

describe("a runtime", () => {
  const transitions = runtimeStates.flatMap((from) => runtimeStates.map((to) => [from, to] as const));
  it.each(transitions)("goes from %s to %s only as the table of states says", async (from, to) => {
    const expected =
      from === to || mayBecome(from, to) ? "allowed" : `a runtime does not go from "${from}" to "${to}"`;
    expect(await verdictOn(attempt(from, { [label.state]: to }))).toBe(expected);
  });

  it.each(runtimeStates)("does not become something unknown from %s", async (from) => {
    const refusal = `a runtime does not go from "${from}" to "free"`;
    expect(await verdictOn(attempt(from, { [label.state]: "free" }))).toBe(refusal);
  });

  it.each(runtimeStates)("keeps a state when it is %s", async (from) => {
    expect(await verdictOn(attempt(from, { [label.state]: null }))).toBe(
      `a runtime does not go from "${from}" to ""`,
    );
  });

  it.each(runtimeStates)("stays a runtime when it is %s", async (from) => {
    const refusal = "a Pod neither becomes a runtime later nor ceases to be one";
    expect(await verdictOn(attempt(from, { [label.app]: null }))).toBe(refusal);
    expect(await verdictOn(attempt(from, { [label.app]: "other", [label.state]: "assigned" }))).toContain(
      "runtime",
    );
  });

  it("cannot be given back through the status of its Pod", async () => {
    const refusal = 'a runtime does not go from "assigned" to "available"';
    expect(await verdictOn(attempt("assigned", { [label.state]: "available" }, "/status"))).toBe(refusal);
  });

  it.each(["available", "assigned", "paused", "", "free"])("is not created as %j", async (state) => {
    const labels = { [label.app]: runtimeApp, [label.state]: state };
    const refusal = `a new runtime starts as pending, not as "${state}"`;
    expect(await verdictOn(create(labels, "dryRun=All"))).toBe(refusal);
  });

  it("is not created without a state", async () => {
    const refusal = 'a new runtime starts as pending, not as ""';
    expect(await verdictOn(create({ [label.app]: runtimeApp }, "dryRun=All"))).toBe(refusal);
  });

  const identity = [label.userUid, label.reservationId, label.kernelType, label.claimKey];
  describe.each(["assigned", "paused"] as const)("that is %s", (state) => {
    const refusal = "an assigned runtime keeps its user, reservation, type and claim";
    it.each(identity)("keeps its %s", async (name) => {
      expect(await verdictOn(attempt(state, { [name]: "other" }))).toBe(refusal);
    });

    it("may get labels that say nothing of its user", async () => {
      expect(await verdictOn(attempt(state, { "example.com/note": "x" }))).toBe("allowed");
    });
  });

  it("does not lose its user when it is paused", async () => {
    const pod = await create({ [label.app]: runtimeApp, [label.state]: "pending" });
    await setLabel(pod, label.state, "available");
    const claim = [label.userUid, label.state].map((name) => ({
      op: "add" as const,
      path: pointer("metadata", "labels", name),
      value: name === label.state ? "assigned" : "user-1",
    }));
    await admin.patch(Pod, pod.metadata, claim);
    const pause = admin.patch(Pod, pod.metadata, [
      { op: "replace", path: pointer("metadata", "labels", label.state), value: "paused" },
      { op: "remove", path: pointer("metadata", "labels", label.userUid) },
    ]);
    expect(await verdictOn(pause)).toBe("an assigned runtime keeps its user, reservation, type and claim");
  });
});

describe("a runtime that is created for its user", () => {
  const template = {
    pool: storedPool(),
    environment: storedEnvironment(),
    image: "i",
    settings: { serviceAccount: "default", imagePullSecrets: [] },
  };
  const identity = { ulid: "01j9z8w7v6t5s4r3q2p1n0m9k8", tokenKeyId: "k1", revision: "r" };
  const whole = buildAssignedPod(template, identity, assignment());
  let operator: RestClient;

  beforeAll(async () => {
    await installRbac(admin, namespace);
    const token = await tokenOf(admin, { namespace, name: "datalayer-operator-sa" });
    const admins = loadAccess({ kubeconfigPath });
    // With the certificate of the administrator, the token would not count.
    const { ca } = (await admins.credentials()).tls;
    const access = {
      server: admins.server,
      credentials: () => Promise.resolve({ headers: { authorization: `Bearer ${token}` }, tls: { ca } }),
    };
    operator = new RestClient({ access, userAgent: "operator", fieldManager: "operator" });
  });

  afterAll(() => operator.close());

  const post = (client: RestClient, metadata: object = {}): Promise<unknown> =>
    client.raw({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/pods?dryRun=All`,
      body: JSON.stringify({ ...whole, metadata: { ...whole.metadata, namespace, ...metadata } }),
    });

  it("may start as assigned when the operator creates it", async () => {
    expect(await verdictOn(post(operator))).toBe("allowed");
  });

  it("is refused from anybody else", async () => {
    expect(await verdictOn(post(admin))).toBe('a new runtime starts as pending, not as "assigned"');
  });

  const { labels = {}, annotations = {} } = whole.metadata;
  const without = (values: Record<string, string>, name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(values).filter(([each]) => each !== name));
  it.each([
    ["user", { labels: without(labels, label.userUid) }],
    ["type", { labels: without(labels, label.kernelType) }],
    ["claim", { annotations: without(annotations, annotation.claimId) }],
    ["finalizer", { finalizers: [] }],
  ])("is refused from the operator without its %s", async (_, metadata) => {
    expect(await verdictOn(post(operator, metadata))).toBe(
      "a runtime that starts as assigned has its user, type, claim and usage finalizer from the start",
    );
  });

  it.each(["available", "paused"])("does not start as %s, whoever creates it", async (state) => {
    expect(await verdictOn(post(operator, { labels: { ...labels, [label.state]: state } }))).toBe(
      `a new runtime starts as pending, not as "${state}"`,
    );
  });
});

describe("any other Pod", () => {
  it("is created and changed freely", async () => {
    const pod = await create({ app: "something-else", [label.state]: "assigned" });
    await expect(setLabel(pod, label.state, "available")).resolves.toBeDefined();
    await expect(setLabel(pod, "app", "another")).resolves.toBeDefined();
  });

  it("does not become a runtime that has passed no state", async () => {
    const pod = await create({ [label.state]: "assigned" });
    const refusal = "a Pod neither becomes a runtime later nor ceases to be one";
    expect(await verdictOn(setLabel(pod, label.app, runtimeApp))).toBe(refusal);
  });
});
