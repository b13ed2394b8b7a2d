import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import { IngressRoute, Middleware } from "@datalayer/shared/crds/traefik";
import { Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import type { Subject } from "../src/readiness/subject.ts";
import type { Verdict } from "../src/readiness/verdict.ts";
import { type Echo, startEcho } from "./echo.ts";
import { type Harness, startHarness } from "./harness.ts";
import { type Observer, served, startObserver } from "./observer.ts";

let cluster: Harness;
let traefiks: TestTraefik[];
let echo: Echo;
let observer: Observer;

beforeAll(async () => {
  cluster = await startHarness();
  traefiks = await cluster.startTraefiks(2);
  await cluster.createClass();
  echo = await startEcho("first");
  await cluster.serve("target", [echo]);
  observer = await startObserver(cluster);
});

/** Waits until this is what is said of the Route. */
function verdict(subject: Subject, expected: (said: Verdict) => boolean): Promise<Verdict> {
  let last: Verdict | undefined;
  return eventually(
    () => {
      last = observer.readiness.observe(subject);
      return last && expected(last) ? last : undefined;
    },
    { timeoutMs: 40_000, message: `another verdict on ${subject.name} than ${JSON.stringify(last)}` },
  );
}

const isReady = ({ programmed, behaves }: Verdict): boolean =>
  programmed.status === "True" && behaves?.status === "True";

describe("given two replicas of Traefik", () => {
  it("a Route is ready when both serve it and a request through each was answered", async () => {
    const { manifest, subject } = served(cluster, "open");
    const before = echo.requests;
    expect(observer.readiness.observe(subject)).toBeUndefined();
    await cluster.admin.create(IngressRoute, manifest);
    const said = await verdict(subject, isReady);
    expect(said.replicas).toEqual({ programmed: 2, total: 2 });
    expect(echo.requests - before).toBe(2);
    expect(observer.changes).toContain(`${cluster.namespace}/open`);
  });

  it("it is not while they still serve what it was before", async () => {
    const { manifest } = served(cluster, "changed");
    await cluster.admin.create(IngressRoute, manifest);
    const after = served(cluster, "changed", { router: { priority: 11 } });
    const said = await verdict(after.subject, ({ programmed }) => programmed.reason === "NotProgrammed");
    expect(said).toMatchObject({ programmed: { status: "False" }, replicas: { programmed: 0, total: 2 } });
    await cluster.admin.apply(IngressRoute, after.manifest);
    await verdict(after.subject, isReady);
  });

  it("it says what Traefik says of a router that it does not serve", async () => {
    const { manifest, subject } = served(cluster, "broken", { router: { middlewares: [{ name: "gone" }] } });
    await cluster.admin.create(IngressRoute, manifest);
    const said = await verdict(subject, ({ programmed }) => programmed.reason === "RouterError");
    expect(said.programmed.message).toMatch(/middleware.*does not exist/);
  });

  it("it is not ready when a request without credentials is let in, until it is refused", async () => {
    const auth = { kind: "basic", secretName: "users" } as const;
    const open = served(cluster, "guarded", { route: { auth } });
    await cluster.admin.create(IngressRoute, open.manifest);
    const said = await verdict(open.subject, ({ behaves }) => behaves?.status === "False");
    expect(said).toMatchObject({ programmed: { status: "True" }, behaves: { reason: "AuthNotEnforced" } });

    const nobody = { ipAllowList: { sourceRange: ["192.0.2.1/32"] } };
    const { namespace, admin } = cluster;
    const metadata = { namespace, name: "nobody" };
    const { apiVersion, kind } = Middleware;
    await admin.create(Middleware, { apiVersion, kind, metadata, spec: nobody });
    const closed = served(cluster, "guarded", {
      route: { auth },
      router: { middlewares: [{ name: "nobody" }] },
    });
    await admin.apply(IngressRoute, closed.manifest);
    await verdict(closed.subject, isReady);
  });

  it("a Route whose target refuses strangers is ready by the target's own refusal", async () => {
    const rules = (path: string) => [
      {
        name: "main",
        matches: [{ priority: 1, path: { type: "Exact", value: path } as const }],
        targets: [],
      },
    ];
    const auth = { kind: "target" } as const;
    const refuses = served(cluster, "jupyter", { route: { auth, rules: rules("/status/403") } });
    await cluster.admin.create(IngressRoute, refuses.manifest);
    await verdict(refuses.subject, isReady);
    const lets = served(cluster, "jupyter", { route: { auth, rules: rules("/status/200"), uid: "other" } });
    await verdict(lets.subject, ({ behaves }) => behaves?.reason === "AuthNotEnforced");
  });

  it("a Route with HTTPS is ready when its own certificate is shown, and not that of Traefik", async () => {
    const { namespace, admin } = cluster;
    const route = { auth: { kind: "none" }, tls: { secretName: "late", httpPolicy: "Deny" } } as const;
    const { manifest, subject } = served(cluster, "secure", { route });
    await admin.create(IngressRoute, manifest);
    const { behaves } = await verdict(subject, ({ behaves: said }) => said?.status === "False");
    expect(behaves?.reason).toBe("CertificateNotServed");
    expect(behaves?.message).toMatch(/Who asks for secure.test is shown .* other names: .*traefik.default/);
    const { cert, key } = await makeCertificate({ ip: "127.0.0.1", name: "secure.test" });
    await admin.create(Secret, {
      apiVersion: "v1",
      kind: Secret.kind,
      metadata: { namespace, name: "late" },
      type: "kubernetes.io/tls",
      stringData: { "tls.crt": cert, "tls.key": key },
    });
    await verdict(subject, isReady);
  });

  it("a Route whose target is down becomes ready when it is up, without anyone asking", async () => {
    const second = await startEcho("second");
    await second.stop();
    await cluster.serve("late", [second]);
    const services = [{ name: "late", port: 80 }];
    const { manifest, subject } = served(cluster, "late", { router: { services } });
    await cluster.admin.create(IngressRoute, manifest);
    await verdict(subject, ({ behaves }) => behaves?.reason === "TargetFails");
    await startEcho("second", { address: second.address });
    await verdict(subject, isReady);
  });
});

describe("given many Routes of one group", () => {
  it("a sample of them is tried, and the others are ready by it", async () => {
    const few = await startObserver(cluster, { samplePercent: 10 });
    const names = Array.from({ length: 30 }, (_, index) => `member-${index}`);
    const members = names.map((name) => served(cluster, name, { group: "pool" }));
    for (const { manifest } of members) await cluster.admin.create(IngressRoute, manifest);
    const before = echo.requests;
    await eventually(() => members.every(({ subject }) => isReady(few.readiness.observe(subject) ?? never)), {
      timeoutMs: 40_000,
      message: "all members being ready",
    });
    // Those that were looked at together before the first had an answer are tried too.
    expect(echo.requests - before).toBeLessThan(2 * 20);
  });
});

describe("given a replica that cannot be asked", () => {
  it("nothing is certain until it is gone", async () => {
    const { manifest, subject } = served(cluster, "uncertain");
    const [first] = traefiks as [TestTraefik];
    await cluster.setTraefiks([first, { ...first, address: "198.18.0.0" }]);
    await cluster.admin.create(IngressRoute, manifest);
    const said = await verdict(subject, ({ programmed }) => programmed.status === "Unknown");
    expect(said).toMatchObject({
      programmed: { reason: "ProbeInconclusive", message: expect.stringContaining("198.18.0.0") as string },
      replicas: { programmed: 1, total: 2 },
    });
    await cluster.setTraefiks([first]);
    const ready = await verdict(subject, isReady);
    expect(ready.replicas).toEqual({ programmed: 1, total: 1 });
  });

  it("nor is anything when there is no replica at all", async () => {
    const { subject } = served(cluster, "nowhere");
    await cluster.setTraefiks([]);
    await verdict(subject, ({ programmed }) => programmed.reason === "NoDataPlane");
    await cluster.setTraefiks(traefiks);
  });
});

const never: Verdict = {
  programmed: { status: "Unknown", reason: "", message: "" },
  replicas: { programmed: 0, total: 0 },
};
