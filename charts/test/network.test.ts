import { beforeAll, describe, expect, it } from "vitest";
import { ofKind, render, type Rendering } from "./helm.ts";
import type { NetworkPolicy } from "./manifests.ts";
import { type Connection, type Host, letsThrough } from "./network.ts";

const pod = (namespace: string, labels: Record<string, string>, address = "10.0.1.2"): Host => ({
  namespace,
  labels,
  address,
});
const operator = (component: string): Host =>
  pod("datalayer-runtimes", { app: "operator", "app.kubernetes.io/component": component });
const runtime = pod("datalayer-runtimes", { app: "runtime-pools" }, "10.0.1.1");
const otherRuntime = pod("datalayer-runtimes", { app: "runtime-pools" }, "10.0.1.9");
const build = pod("datalayer-builds", { "batch.kubernetes.io/job-name": "image" });
const jupyterService = pod("datalayer-api", { app: "runtimes" });
const traefik = pod("traefik", { app: "traefik" });
const prometheus = pod("monitoring", { app: "prometheus" });
const somebody = pod("team-a", { app: "web" });
const dns = pod("kube-system", { "k8s-app": "kube-dns" }, "10.96.0.10");
const outside = (address: string): Host => ({ address });

const policiesOf = async (rendering: Rendering = {}): Promise<NetworkPolicy[]> =>
  ofKind(await render(rendering), "NetworkPolicy");

let policies: NetworkPolicy[];

beforeAll(async () => {
  policies = await policiesOf({ values: { "route-controller": { gateway: { enabled: true } } } });
});

const connections: [sentence: string, connection: Connection, isLetThrough: boolean][] = [
  [
    "the Jupyter service calls the REST API",
    { from: jupyterService, to: operator("runtime-controller"), port: 2111 },
    true,
  ],
  ["somebody else does not", { from: somebody, to: operator("runtime-controller"), port: 2111 }, false],
  ["nor does the data plane", { from: traefik, to: operator("runtime-controller"), port: 2111 }, false],
  ["nor does a runtime", { from: runtime, to: operator("runtime-controller"), port: 2111 }, false],
  ["nor does a build", { from: build, to: operator("runtime-controller"), port: 2111 }, false],
  [
    "the operator asks its gateway",
    { from: operator("runtime-controller"), to: operator("runtime-gateway"), port: 2111 },
    true,
  ],
  ["Prometheus reads metrics", { from: prometheus, to: operator("verifier"), port: 8081 }, true],
  ["a runtime does not", { from: runtime, to: operator("verifier"), port: 8081 }, false],
  ["the data plane asks the verifier", { from: traefik, to: operator("verifier"), port: 2113 }, true],
  ["a runtime does not ask it", { from: runtime, to: operator("verifier"), port: 2113 }, false],
  [
    "the data plane reaches the gateway",
    { from: traefik, to: operator("runtime-gateway"), port: 8080 },
    true,
  ],
  ["the data plane reaches runtimes", { from: traefik, to: runtime, port: 2300 }, true],
  ["the operator reaches runtimes", { from: operator("runtime-controller"), to: runtime, port: 2300 }, true],
  ["a runtime does not reach another", { from: runtime, to: otherRuntime, port: 2300 }, false],
  ["a runtime reaches the internet", { from: runtime, to: outside("93.184.216.34"), port: 443 }, true],
  [
    "a runtime reaches the internet by IPv6",
    { from: runtime, to: outside("2606:2800:220:1::1"), port: 443 },
    true,
  ],
  ["a runtime asks DNS", { from: runtime, to: dns, port: 53, protocol: "UDP" }, true],
  [
    "a runtime does not read the metadata of AWS",
    { from: runtime, to: outside("169.254.169.254"), port: 80 },
    false,
  ],
  ["nor of AWS by IPv6", { from: runtime, to: outside("fd00:ec2::254"), port: 80 }, false],
  ["nor of tasks of ECS", { from: runtime, to: outside("169.254.170.2"), port: 80 }, false],
  ["nor of Azure", { from: runtime, to: outside("168.63.129.16"), port: 80 }, false],
  ["nor of Alibaba", { from: runtime, to: outside("100.100.100.200"), port: 80 }, false],
  [
    "a runtime does not reach the API server by its Service",
    { from: runtime, to: outside("10.96.0.1"), port: 443 },
    false,
  ],
  ["nor on its node", { from: runtime, to: outside("192.168.1.10"), port: 6443 }, false],
  [
    "a build reaches a registry within",
    { from: build, to: pod("registry", { app: "registry" }), port: 5000 },
    true,
  ],
  ["a build reaches the internet", { from: build, to: outside("140.82.121.3"), port: 443 }, true],
  [
    "a build does not read the metadata of AWS",
    { from: build, to: outside("169.254.169.254"), port: 80 },
    false,
  ],
  ["nor of Google by IPv6", { from: build, to: outside("fd20:ce::254"), port: 80 }, false],
  ["nobody calls a build", { from: somebody, to: build, port: 1234 }, false],
];

describe("by the network policies", () => {
  it.each(connections)("%s", (_, connection, isLetThrough) => {
    expect(letsThrough(policies, connection)).toBe(isLetThrough);
  });
});

describe("an administrator", () => {
  const api = (from: Host): Connection => ({ from, to: operator("runtime-controller"), port: 2111 });

  it("says who calls the REST API", async () => {
    const callers = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "team-a" } } }];
    const some = await policiesOf({ values: { operator: { networkPolicy: { callers } } } });
    expect(letsThrough(some, api(somebody))).toBe(true);
    expect(letsThrough(some, api(jupyterService))).toBe(false);
  });

  it("opens something that is private to runtimes, and closes a public address", async () => {
    const networkPolicy = {
      allow: [{ to: [{ ipBlock: { cidr: "10.20.0.0/16" } }], ports: [{ port: 443, protocol: "TCP" }] }],
      closed: { more: ["203.0.113.7/32"] },
    };
    const some = await policiesOf({ values: { operator: { runtimes: { networkPolicy } } } });
    expect(letsThrough(some, { from: runtime, to: outside("10.20.0.1"), port: 443 })).toBe(true);
    expect(letsThrough(some, { from: runtime, to: outside("10.20.0.1"), port: 80 })).toBe(false);
    expect(letsThrough(some, { from: runtime, to: outside("203.0.113.7"), port: 443 })).toBe(false);
  });

  it("closes runtimes in each namespace that is watched", async () => {
    const some = await policiesOf({ values: { operator: { watchNamespaces: ["team-a", "team-b"] } } });
    for (const namespace of ["team-a", "team-b"])
      expect(
        letsThrough(some, {
          from: pod(namespace, { app: "runtime-pools" }),
          to: outside("169.254.169.254"),
          port: 80,
        }),
      ).toBe(false);
  });

  it("closes builds and runtimes in the namespace of the release where all are watched, and nobody else there", async () => {
    const all = { watchNamespaces: ["*"] };
    const some = await policiesOf({ values: { operator: all, "image-controller": all } });
    const toMetadata = (app: string): boolean => {
      const from = pod("datalayer-runtimes", { app });
      return letsThrough(some, { from, to: outside("169.254.169.254"), port: 80 });
    };
    expect(toMetadata("datalayer-images")).toBe(false);
    expect(toMetadata("runtime-pools")).toBe(false);
    expect(toMetadata("web")).toBe(true);
  });

  it("may leave it all to others", async () => {
    const off = { networkPolicy: { enabled: false } };
    const some = await policiesOf({
      values: {
        operator: { ...off, runtimes: off },
        "route-controller": off,
        "image-controller": { ...off, builds: off },
      },
    });
    expect(some).toEqual([]);
  });
});
