import { createHash } from "node:crypto";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Echo, startEcho } from "./echo.ts";
import { type Harness, startHarness } from "./harness.ts";

let cluster: Harness;
let echo: Echo;
/** Behind a Service of its own, whose requests are counted. */
let counted: Echo;
let traefiks: TestTraefik[];

beforeAll(async () => {
  cluster = await startHarness();
  traefiks = await cluster.startTraefiks(2);
  await cluster.createClass();
  echo = await startEcho("target");
  await cluster.serve("target", [echo]);
  counted = await startEcho("counted");
  await cluster.serve("counted", [counted]);
  await cluster.startReplica("first");
});

async function createSecret(name: string, stringData: Record<string, string>): Promise<void> {
  const { admin, namespace } = cluster;
  const type = "tls.crt" in stringData ? "kubernetes.io/tls" : "Opaque";
  const metadata = { namespace, name };
  await admin.create(Secret, { apiVersion: "v1", kind: "Secret", metadata, type, stringData });
}

const at = (value: string): RouteSpec["rules"] => [
  { matches: [{ path: { value } }], targets: [{ service: { name: "target" }, port: 80 }] },
];

const toCounted = (match: NonNullable<RouteSpec["rules"][number]["matches"]>[number]): RouteSpec["rules"] => [
  { matches: [match], targets: [{ service: { name: "counted" }, port: 80 }] },
];

describe("given the route-controller and two Traefiks", () => {
  it("a Route is ready on both, and says so once", async () => {
    await cluster.createRoute("open");
    const { status } = await cluster.condition("open", "Ready", "True");
    expect(status?.backends).toMatchObject([{ replicas: { programmed: 2, total: 2 } }]);
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Programmed", status: "True", reason: "Programmed" }),
    );
  });

  it("a Route with basic authentication is ready when strangers are refused, without reaching the target", async () => {
    const password = createHash("sha1").update("secret").digest("base64");
    await createSecret("users", { users: `ada:{SHA}${password}` });
    const before = echo.requests;
    await cluster.createRoute("basic", { auth: { basic: { secretName: "users" } } });
    await cluster.condition("basic", "Ready", "True");
    expect(echo.requests).toBe(before);
  });

  it("a Route whose target lets strangers in, which it said it does not, is not ready", async () => {
    await cluster.createRoute("target", { auth: { target: {} }, rules: at("/status/200") });
    const reason = "AuthNotEnforced";
    const { status } = await cluster.condition("target", "Ready", "False", { reason });
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Programmed", status: "True" }),
    );
  });

  it("a Route that asks for certificates is ready when connections without one are refused", async () => {
    const { cert, key } = await makeCertificate({ ip: echo.address, name: "certificates.test" });
    await createSecret("own", { "tls.crt": cert, "tls.key": key });
    await createSecret("authority", { "ca.crt": cert });
    await cluster.createRoute("certificates", {
      auth: { clientCert: { caSecretName: "authority" } },
      tls: { secretName: "own" },
    });
    await cluster.condition("certificates", "Ready", "True");
  });

  it("a Route whose paths are expressions is tried with a path that they find", async () => {
    const before = counted.requests;
    const rules = toCounted({ path: { type: "Regex", value: "/[a-z]+/v[0-9]" } });
    await cluster.createRoute("expression", { rules });
    await cluster.condition("expression", "Ready", "True", { reason: "Programmed" });
    expect(counted.requests - before).toBe(2);
  });

  it("a Route that only takes what may change something is ready, and says that it was not tried", async () => {
    const before = counted.requests;
    const rules = toCounted({ methods: ["POST"] });
    await cluster.createRoute("writing", { rules });
    const { status } = await cluster.condition("writing", "Ready", "True", { reason: "Untried" });
    expect(status?.backends).toMatchObject([{ replicas: { programmed: 2, total: 2 } }]);
    expect(counted.requests).toBe(before);
  });
});

/** Waits until a Route says that it is not programmed, with this in its message. */
async function isNotProgrammed(name: string, text: string): Promise<void> {
  await eventually(
    async () => {
      const { status } = await cluster.route(name);
      const programmed = status?.conditions?.find(({ type }) => type === "Programmed");
      return programmed?.status === "False" && programmed.message.includes(text);
    },
    { timeoutMs: 40_000, message: `the Route ${name} saying: ${text}` },
  );
}

it("a Route of which nothing is made any more says which replicas still serve it", async () => {
  const { admin, namespace } = cluster;
  await cluster.createRoute("revoked");
  await cluster.condition("revoked", "Ready", "True");
  const { pid } = traefiks[1]!;
  process.kill(pid, "SIGSTOP");
  try {
    const path = "/spec/routeClassName";
    await admin.patch(Route, { namespace, name: "revoked" }, [{ op: "replace", path, value: "none" }]);
    await isNotProgrammed(
      "revoked",
      "Nothing is made of the Route. 1 of 2 replicas still serve what it was.",
    );
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await isNotProgrammed("revoked", "Nothing is made of the Route. spec.routeClassName");
  await isNotProgrammed("revoked", "What it let in before, and is still open, ends with its target.");
  // A replica that does not answer is waited for, more than once.
}, 120_000);

it("a Route whose Pod is not ready any more waits for it, and serves again when it is", async () => {
  const pod = await cluster.createPod("moody", { address: echo.address });
  await cluster.createRoute("moody", { rules: [{ targets: [{ pod: { name: "moody" }, port: 8080 }] }] });
  await cluster.condition("moody", "Ready", "True");
  await cluster.setPod(pod, { address: echo.address, ready: false });
  await cluster.condition("moody", "Ready", "False", { reason: "NoReadyPods" });
  await cluster.condition("moody", "Programmed", "Unknown", { reason: "NoReadyPods" });
  await cluster.setPod(pod, { address: echo.address, ready: true });
  await cluster.condition("moody", "Ready", "True");
});

it("a Route that takes the place of another is not ready by what the other one answers", async () => {
  const { admin, namespace } = cluster;
  const first = await cluster.createRoute("again");
  await cluster.condition("again", "Ready", "True");
  const { items } = await admin.list(IngressRoute, { namespace });
  const [router] = items.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid }) => uid === first.metadata.uid),
  );
  const finalizers = ["datalayer.io/test"];
  await admin.patch(IngressRoute, router!.metadata, [
    { op: "add", path: "/metadata/finalizers", value: finalizers },
  ]);
  await admin.delete(Route, first.metadata, { uid: first.metadata.uid });
  // The echo would answer through what is left.
  await cluster.createRoute("again", { rules: at("/") });
  await isNotProgrammed("again", "of a Route that is gone, for the same requests");
  await admin.patch(IngressRoute, router!.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  await cluster.condition("again", "Ready", "True");
});

it("a controller that starts anew changes nothing of what is ready", async () => {
  const { admin, namespace } = cluster;
  const before = await cluster.condition("open", "Ready", "True");
  const seen = cluster.proxy.log.length;
  const second = await cluster.startReplica("second");
  await cluster.replicas[0]?.stop();
  await cluster.createRoute("later");
  await cluster.condition("later", "Ready", "True");
  await eventually(() => second.replica.caches.routes.get({ namespace, name: "later" }));
  const after = await admin.get(Route, { namespace, name: "open" });
  expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  const writes = cluster.proxy.log
    .slice(seen)
    .filter(({ verb, name }) => verb === "patch" && name === "open");
  expect(writes).toEqual([]);
});
