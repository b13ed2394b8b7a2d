import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { freezeWatch, type ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { Dataset } from "@datalayer/shared/crds/dataset";
import { Route } from "@datalayer/shared/crds/route";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { ConfigMap, Node, Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { type ChartObject, movedTo } from "@datalayer/shared/kube/testkit/chart";
import {
  askedThroughProxy,
  compareRights,
  type Comparison,
  type RbacObject,
} from "@datalayer/shared/kube/testkit/rights";
import { beforeAll, describe, expect, it } from "vitest";
import { planAppend, segmentManifest } from "../src/end-of-life/usage-segments.ts";
import { emptyingAnnotation } from "../src/node-scaling/node-role.ts";
import { label } from "../src/runtime/names.ts";
import { contentManifest, poolManifest } from "./builders.ts";
import { installDatashimKind, provide } from "./datashim.ts";
import { type Harness, startHarness, type TestReplica } from "./harness.ts";
import { installImageKind } from "./image-kind.ts";
import { chartObjects } from "./manifests.ts";
import { installRouteKind, reportRoute, untilRoute } from "./routes.ts";
import { ScaledCluster, startCloud } from "./scaled-cluster.ts";
import { usage } from "./usage.ts";

const account = "datalayer-operator-sa";

const objects = (await chartObjects("rbac")) as unknown as RbacObject[];
const roles = objects.filter(({ kind }) => kind === "Role" || kind === "ClusterRole");

/** What the chart grants, as `verb group/resource`. */
const granted = new Set(
  roles.flatMap(({ rules = [] }) =>
    rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    ),
  ),
);

const rightOf = ({ verb, group, resource }: ProxiedRequest): string => `${verb} ${group}/${resource}`;

let cluster: Harness;
let replica: TestReplica;
let scaled: ScaledCluster;

beforeAll(async () => {
  cluster = await startHarness();
  await installImageKind(cluster.admin);
  await fillUsage();
  await installDatashimKind(cluster.admin);
  await installRouteKind(cluster.admin);
  scaled = await ScaledCluster.of(await startCloud(), cluster, 2);
  replica = await cluster.startReplica("restricted", {
    settings: {
      DATALAYER_USAGE_RECORDS_KEPT: "100",
      DATALAYER_RUNTIMES_URL: "http://runtimes.example.org",
      DATALAYER_RUNTIME_ROUTES: "pool",
      DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "0",
      ...scaled.settings(),
    },
  });
  // One that has no key of the REST API, and makes one.
  const fromSecret = {
    DATALAYER_OPERATOR_API_KEY: "",
    DATALAYER_OPERATOR_API_KEY_SECRET: "datalayer-operator-api-key",
  };
  await cluster.startReplica("keyless", { settings: fromSecret });
});

/** The rights of each role, in its namespace, beside what the replica has done by now. */
function compared(): Comparison {
  const { namespace, proxy } = cluster;
  const moved = objects.map((object) => movedTo(namespace, object as Manifest<ChartObject>));
  return compareRights(moved as RbacObject[], askedThroughProxy(proxy.log, account), namespace);
}

/** A group of two machines, of which one stays. */
async function scaleDown(): Promise<void> {
  await eventually(() => cluster.proxy.log.commits({ verb: "delete", resource: "nodes" }).length > 0, {
    timeoutMs: 60_000,
    message: "the node that nobody needs being removed",
  });
}

describe("the rights of the runtime-controller", () => {
  it("suffice for all that it does, and it uses each of them", async () => {
    await cluster.warmPool({ name: "small", size: 1 });
    await drain();
    await drain(); // the second Event of a kind is counted on the first one
    await resizeOverRest();
    await rollOut();
    await replica.ask("PUT", "/environments/small/contents", { body: { contents: [] } });
    await endOverRest(); // its usage begins a segment, and drops an old one
    await endOverRest(); // its usage is added
    await loseACandidate();
    await keepAVolume();
    await moveABucket();
    await launchWithAHome();
    await outliveAPool();
    await scaleDown();
    await forgetACommand();
    await forgetACommand(); // the second Event about a Node is counted on the first one
    const unused = (): string[] => compared().unused;
    await eventually(() => unused().length === 0, {
      message: "every right being used",
      timeoutMs: 15_000,
    }).catch(() => undefined);
    expect(unused()).toEqual([]);
    expect(compared().refused).toEqual([]);
  });

  it("hold no wildcard and none of the rights that lead to more", () => {
    const rules = roles.flatMap((role) => role.rules ?? []);
    expect(rules.filter((rule) => JSON.stringify(rule).includes('"*"'))).toEqual([]);
    const dangerous =
      /^(escalate|bind|impersonate|deletecollection) |pods\/exec|serviceaccounts|nodes\/proxy|roles/;
    expect([...granted].filter((right) => dangerous.test(right))).toEqual([]);
  });

  it("read a Secret only by its name, and change none", () => {
    const rights = [...granted].filter((right) => right.endsWith(" /secrets"));
    expect(rights.toSorted()).toEqual(["create /secrets", "get /secrets"]);
  });

  it("are confined to the namespace, but for nodes and for reading Images", () => {
    const clusterWide = roles.filter(({ kind }) => kind === "ClusterRole").flatMap(({ rules = [] }) => rules);
    expect(clusterWide).toEqual([
      { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch", "patch", "delete"] },
      { apiGroups: ["datalayer.io"], resources: ["images"], verbs: ["list", "watch"] },
    ]);
  });
});

/** The node that stays is cordoned for a command that nobody knows, and gets its Pods back. */
async function forgetACommand(): Promise<void> {
  const [node] = await scaled.machines.ready(1);
  const value = `${cluster.namespace}/scale-down-99`;
  await cluster.admin.patch(Node, node!.metadata, [
    { op: "add", path: pointer("metadata", "annotations", emptyingAnnotation), value },
    { op: "add", path: "/spec/unschedulable", value: true },
  ]);
  await scaled.machines.ready(1);
}

/** Two hundred records of usage, of which one hundred are to be kept. */
async function fillUsage(): Promise<void> {
  for (const last of [0, 100]) {
    const records = Array.from({ length: 100 }, (_, index) => usage(`old-${last + index + 1}`));
    await cluster.admin.create(ConfigMap, segmentManifest(cluster.namespace, planAppend(last, records)));
  }
}

/** Takes the only runtime of the pool, and waits for what that does to its conditions. */
async function drain(): Promise<void> {
  await cluster.available("small", 1);
  await untilReady("True");
  // Without a refill for a moment, the pool says that it has none.
  const [runtime] = await cluster.available("small", 1);
  await replica.claim({ environment_name: "small" });
  await eventually(async () => (await cluster.runtime(runtime!.name))?.state === "assigned");
  await untilReady("True");
}

async function untilReady(status: string): Promise<void> {
  await eventually(
    async () => {
      const pool = await cluster.admin.get(RuntimePool, { namespace: cluster.namespace, name: "small" });
      const isSettled = pool.status?.available === pool.spec.size;
      return (
        isSettled && pool.status?.conditions?.some((one) => one.type === "Ready" && one.status === status)
      );
    },
    { message: `the pool being Ready=${status}` },
  );
}

async function resizeOverRest(): Promise<void> {
  const { status } = await replica.ask("POST", "/pools/small/size", { body: { size: 2 } });
  expect(status).toBe(200);
  await cluster.available("small", 2);
}

/** A new revision takes the place of the recorded one. */
async function rollOut(): Promise<void> {
  await cluster.admin.patch(RuntimePool, { namespace: cluster.namespace, name: "small" }, [
    { op: "add", path: "/spec/resources", value: { limits: { memory: "32Mi" } } },
  ]);
  await eventually(
    () => cluster.proxy.log.some((request) => rightOf(request) === "delete apps/controllerrevisions"),
    {
      message: "the record of the old revision being replaced",
      timeoutMs: 15_000,
    },
  );
  await untilReady("True");
}

async function endOverRest(): Promise<void> {
  const { body } = await replica.claim({ environment_name: "small" });
  const { pod_name: name } = (body as { runtime: { pod_name: string } }).runtime;
  expect((await replica.ask("DELETE", `/runtimes/${name}`)).status).toBe(200);
  await eventually(async () => (await cluster.runtime(name)) === undefined, {
    message: "the runtime being gone",
    timeoutMs: 20_000,
  });
}

/** Creates a volume twice under one key, which reads it, and removes it. */
async function keepAVolume(): Promise<void> {
  const headers = { "x-forwarded-user": "account-1", "idempotency-key": "k" };
  await replica.ask("POST", "/volumes", { body: {}, headers });
  const { body } = await replica.ask("POST", "/volumes", { body: {}, headers });
  const { uid } = body["volume"] as { uid: string };
  expect((await replica.ask("DELETE", `/volumes/${uid}`, { headers })).status).toBe(200);
}

/** Starts a runtime with a home, pauses it and ends it. */
async function launchWithAHome(): Promise<void> {
  const { body } = await replica.claim({ environment_name: "small", capabilities: ["user_storage"] });
  const { pod_name: name } = body.runtime;
  expect((await replica.ask("POST", `/runtimes/${name}/pause`)).status).toBe(202);
  expect((await replica.ask("DELETE", `/runtimes/${name}/paused`)).status).toBe(200);
  await eventually(async () => (await replica.ask("GET", `/runtimes/${name}`)).status === 404, {
    message: "the runtime being gone",
    timeoutMs: 40_000,
  });
}

/** A runtime whose pool is deleted gets a Route of its own, and loses it when there is a pool again. */
async function outliveAPool(): Promise<void> {
  const { admin, namespace } = cluster;
  const manifest = poolManifest(namespace, { name: "brief", environment: "small", size: 1 });
  const { metadata } = await admin.create(RuntimePool, manifest);
  await cluster.available("brief", 1);
  const { body } = await replica.claim({ pool_name: "brief" });
  await admin.delete(RuntimePool, metadata, { uid: metadata.uid });
  await untilRoute(admin, { namespace, name: body.runtime.pod_name });
  await admin.create(RuntimePool, manifest);
  await eventually(
    async () => {
      const { items } = await admin.list(Route, { namespace });
      await Promise.all(items.map((route) => reportRoute(admin, route)));
      return cluster.proxy.log.commits({ verb: "delete", resource: "routes" }).length > 0;
    },
    { timeoutMs: 30_000, message: "the Route of the runtime being removed" },
  );
}

/** Another one takes every runtime behind the back of the replica: it reads why its claim is refused. */
async function loseACandidate(): Promise<void> {
  const runtimes = await cluster.available("small", 2);
  await untilReady("True");
  const frozen = cluster.proxy.inject({ verb: "watch", resource: "pods", act: freezeWatch() });
  const taken = {
    op: "replace" as const,
    path: pointer("metadata", "labels", label.state),
    value: "assigned",
  };
  await Promise.all(runtimes.map(({ pod }) => cluster.admin.patch(Pod, pod.metadata, [taken])));
  await replica.claim({ environment_name: "small" });
  frozen.remove();
}

/** An s3 content gets a Dataset, and another one when its bucket changes. */
async function moveABucket(): Promise<void> {
  const { admin, namespace } = cluster;
  const stringData = { access_key_id: "id", secret_access_key: "key", region: "us-west-2" };
  const metadata = { namespace, name: "bucket" };
  await admin.create(Secret, { apiVersion: "v1", kind: Secret.kind, metadata, stringData });
  const spec = { type: "s3", source: "before", secret: "bucket" } as const;
  await admin.create(RuntimeContent, contentManifest(namespace, "bucket", spec));
  const first = await datasetWithout([]);
  await provide(admin, first);
  await eventually(
    async () => (await admin.get(RuntimeContent, metadata)).status?.claimName === first.metadata.name,
  );
  await admin.patch(RuntimeContent, metadata, [{ op: "replace", path: "/spec/source", value: "after" }]);
  await provide(admin, await datasetWithout([first.metadata.name]));
}

const datasetWithout = (names: string[]): Promise<Dataset> =>
  eventually(async () => {
    const { items } = await cluster.admin.list(Dataset, { namespace: cluster.namespace });
    return items.find(({ metadata }) => !names.includes(metadata.name));
  });
