import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { type Condition, findCondition } from "@datalayer/shared/controller/conditions";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import { Event, Lease, Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject, Manifest } from "@datalayer/shared/kube/object";
import { beforeAll, describe, expect, it } from "vitest";
import { contentManifest, environmentManifest, poolManifest } from "./builders.ts";
import { type Harness, startHarness, type TestReplica } from "./harness.ts";

/** An object with conditions of ours. */
type Judged = KubeObject & { status?: { observedGeneration?: number; conditions?: Condition[] } };

/** What the schema lets pass and no runtime can come of. */
interface Hostile {
  what: string;
  kind: Kind<Judged>;
  spec: Record<string, unknown>;
  /** What the object says of itself: the reason of `Ready`, and a part of its message. */
  reason: string;
  message: string;
  /** What mends it. */
  mend: JsonPatchOperation[];
}

const replace = (path: string, value: unknown): JsonPatchOperation[] => [{ op: "add", path, value }];
const remove = (path: string): JsonPatchOperation[] => [{ op: "remove", path }];
const uid = "01J9Z8W7V6T5S4R3Q2P1N0M9K8";
const commit = "a".repeat(40);
const git = { type: "git", source: "https://example.com/a.git", revision: commit };

const pools: Omit<Hostile, "kind">[] = [
  {
    what: "an unknown environment",
    spec: { environment: "unknown" },
    reason: "EnvironmentNotFound",
    message: 'spec.environment: there is no RuntimeEnvironment "unknown"',
    mend: replace("/spec/environment", "good"),
  },
  {
    what: "no environment",
    spec: { environment: undefined },
    reason: "EnvironmentNotFound",
    message: "spec.environment is not set",
    mend: replace("/spec/environment", "good"),
  },
  {
    what: "the environment of another namespace",
    spec: { environment: "foreign" },
    reason: "EnvironmentNotFound",
    message: 'spec.environment: there is no RuntimeEnvironment "foreign"',
    mend: replace("/spec/environment", "good"),
  },
  {
    what: "an environment that was deleted",
    spec: { environment: "deleted" },
    reason: "EnvironmentNotFound",
    message: 'spec.environment: there is no RuntimeEnvironment "deleted"',
    mend: replace("/spec/environment", "good"),
  },
  {
    what: "a selector that no node meets",
    spec: { nodeSelector: { "no.such/label": "x" } },
    reason: "Unschedulable",
    message: "didn't match Pod's node affinity/selector",
    mend: remove("/spec/nodeSelector"),
  },
  {
    what: "the nodes of the control plane, and every toleration",
    spec: {
      nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
      tolerations: [{ operator: "Exists" }],
    },
    reason: "TolerationRefused",
    message:
      'spec.tolerations[0]: {"operator":"Exists"} tolerates node.kubernetes.io/unschedulable:NoSchedule',
    mend: [...remove("/spec/nodeSelector"), ...remove("/spec/tolerations")],
  },
  {
    what: "more memory than any node has",
    spec: { resources: { limits: { memory: "900Ti" } } },
    reason: "Unschedulable",
    message: "Insufficient memory",
    mend: remove("/spec/resources"),
  },
];

const environments: Omit<Hostile, "kind">[] = [
  {
    what: "an Image that is not there",
    spec: { dockerImage: undefined, image: { name: "missing" } },
    reason: "ImageNotFound",
    message: 'spec.image.name: there is no Image "missing" in namespace datalayer-builds',
    mend: [...remove("/spec/image"), ...replace("/spec/dockerImage", "datalayer/jupyter:1")],
  },
  {
    what: "a registry that the operator does not know",
    spec: { dockerImage: "${DATALAYER_DOCKER_REGISTRY}/jupyter:1" },
    reason: "RegistryNotSet",
    message: "spec.dockerImage: ${DATALAYER_DOCKER_REGISTRY}/jupyter:1",
    mend: replace("/spec/dockerImage", "datalayer/jupyter:1"),
  },
  {
    what: "a content that is not there, by name",
    spec: { contents: [{ name: "missing", mount: "/a" }] },
    reason: "ContentNotFound",
    message: 'spec.contents[0].name: there is no RuntimeContent "missing"',
    mend: remove("/spec/contents"),
  },
  {
    what: "a content that is not there, by uid",
    spec: {
      contents: [
        { name: "good", mount: "/a" },
        { uid: uid.replace("8", "0"), mount: "/b" },
      ],
    },
    reason: "ContentNotFound",
    message: "spec.contents[1].uid: there is no RuntimeContent with uid",
    mend: remove("/spec/contents/1"),
  },
  {
    what: "the content of another namespace",
    spec: { contents: [{ name: "foreign", mount: "/a" }] },
    reason: "ContentNotFound",
    message: 'spec.contents[0].name: there is no RuntimeContent "foreign"',
    mend: replace("/spec/contents/0/name", "good"),
  },
  {
    what: "more permissions than the content gives",
    spec: { contents: [{ name: "good", mount: "/a", permissions: "rw" }] },
    reason: "PermissionsWidened",
    message: "spec.contents[0].permissions: rw; expected ro",
    mend: replace("/spec/contents/0/permissions", "ro"),
  },
];

const contents: Omit<Hostile, "kind">[] = [
  {
    what: "no pinned commit",
    spec: { revision: undefined },
    reason: "RevisionMissing",
    message: "spec.revision",
    mend: replace("/spec/revision", commit),
  },
  ...[
    "https://169.254.169.254/a.git",
    "ssh://git@127.0.0.1/a.git",
    "https://[::1]/a.git",
    "https://localhost/a",
  ].map((source) => ({
    what: `the source ${source}`,
    spec: { source },
    reason: "SourceRefused",
    message: `spec.source: ${source}`,
    mend: replace("/spec/source", "https://example.com/a.git"),
  })),
  {
    what: "a source without encryption",
    spec: { source: "http://example.com/a.git" },
    reason: "SourceRefused",
    message: "expected https:// or ssh://",
    mend: replace("/spec/source", "https://example.com/a.git"),
  },
  {
    what: "all of the shared file system",
    spec: { type: "nfs", subPath: "./" },
    reason: "SubPathMissing",
    message: 'spec.subPath: "./"',
    mend: replace("/spec/subPath", "datasets"),
  },
  {
    what: "a Secret that holds the token of a ServiceAccount",
    spec: { type: "s3", source: "bucket", secret: "account-token" },
    reason: "SecretMissing",
    message: 'spec.secret: Secret "account-token"',
    mend: replace("/spec", git),
  },
  {
    what: "a Secret of another namespace",
    spec: { type: "s3", source: "bucket", secret: "foreign" },
    reason: "SecretMissing",
    message: 'spec.secret: there is no Secret "foreign"',
    mend: replace("/spec", git),
  },
  {
    what: "the uid of an older content",
    spec: { uid },
    reason: "UidTaken",
    message: `spec.uid: ${uid} is the uid of RuntimeContent "good"`,
    mend: remove("/spec/uid"),
  },
];

const of = <T extends Judged>(kind: Kind<T>, cases: Omit<Hostile, "kind">[]): Hostile[] =>
  cases.map((one) => ({ ...one, kind }));
const table = [
  ...of(RuntimePool, pools),
  ...of(RuntimeEnvironment, environments),
  ...of(RuntimeContent, contents),
].map((hostile, index) => ({ ...hostile, name: `hostile-${index}` }));

let cluster: Harness;
let replica: TestReplica;
let sinceMs: number;

function manifestOf({ kind, name, spec }: { kind: Kind; name: string; spec: object }): Manifest<KubeObject> {
  const { namespace } = cluster;
  if (kind.kind === "RuntimePool")
    return poolManifest(namespace, { environment: "good", size: 1, name, ...spec });
  if (kind.kind === "RuntimeEnvironment") return environmentManifest(namespace, { name, ...spec });
  return contentManifest(namespace, name, spec);
}

const create = (kind: Kind, name: string, spec: object = {}): Promise<KubeObject> =>
  cluster.admin.create(kind, manifestOf({ kind, name, spec }));

const ref = (name: string) => ({ namespace: cluster.namespace, name });

/** The object once it has been judged as it is now, and `Ready` has this reason. */
const untilReason = (
  kind: Kind<Judged>,
  name: string,
  isWanted: (ready: Condition) => boolean,
): Promise<Condition> =>
  eventually(
    async () => {
      const { metadata, status } = await cluster.admin.get(kind, ref(name));
      const ready = findCondition(status?.conditions ?? [], "Ready");
      return status?.observedGeneration === metadata.generation && ready && isWanted(ready) && ready;
    },
    { timeoutMs: 30_000, message: `${kind.kind} ${name} being judged` },
  );

beforeAll(async () => {
  cluster = await startHarness();
  const settings = { DATALAYER_SHARED_FS_VOLUME_CLAIM_NAME: "shared-fs-pvc" };
  replica = await cluster.startReplica("first", { settings });
  await create(RuntimeContent, "good", { uid });
  await create(RuntimeEnvironment, "good");
  const { metadata } = await create(RuntimeEnvironment, "deleted");
  await cluster.admin.delete(RuntimeEnvironment, metadata, { uid: metadata.uid });
  await createAccountToken();
  for (const kind of [RuntimeEnvironment, RuntimeContent]) await createElsewhere(kind);
  await untilReason(RuntimeContent, "good", ({ status }) => status === "True");
  sinceMs = performance.now();
  for (const { kind, name, spec } of table) await create(kind, name, spec);
});

async function createAccountToken(): Promise<void> {
  const annotations = { "kubernetes.io/service-account.name": "datalayer-operator-sa" };
  await cluster.admin.create(Secret, {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: { ...ref("account-token"), annotations },
    type: "kubernetes.io/service-account-token",
  });
}

async function createElsewhere(kind: Kind): Promise<void> {
  const manifest = manifestOf({ kind, name: "foreign", spec: {} });
  await cluster.admin.create(kind, { ...manifest, metadata: { name: "foreign", namespace: "default" } });
  afterFile(async () => {
    const { metadata } = await cluster.admin.get(kind, { namespace: "default", name: "foreign" });
    await cluster.admin.delete(kind, metadata, { uid: metadata.uid });
  });
}

/** Waits until the lease has been renewed so often: time in which a controller at rest does nothing else. */
async function untilRenewed(times: number): Promise<void> {
  const startMs = performance.now();
  const renewals = () => cluster.proxy.log.commits({ sinceMs: startMs, resource: Lease.plural }).length;
  await eventually(() => renewals() >= times, { timeoutMs: 30_000, message: "the lease being renewed" });
}

describe("what the schema lets pass and no runtime can come of", () => {
  it.each(table)("is stored and says why: $kind.kind with $what", async ({ kind, name, reason, message }) => {
    const ready = await untilReason(kind, name, (one) => one.reason === reason);
    expect(ready).toMatchObject({ status: "False" });
    expect(ready.message).toContain(message);
  });

  it("is told in one Event each, and then nothing is written or tried any more", async () => {
    await untilRenewed(2); // the Events of what was judged last follow it
    const startMs = performance.now();
    const reconciles = await replica.counter("controller_runtime_reconcile_total");
    await untilRenewed(2);
    const written = cluster.proxy.log.writes({ sinceMs: startMs, exceptResource: Lease.plural });
    expect(written.filter((one) => !followsNodes(one))).toEqual([]);
    expect(written.filter(followsNodes).length).toBeLessThanOrEqual(4 * unschedulable.length);
    const again = (await replica.counter("controller_runtime_reconcile_total")) - reconciles;
    expect(again).toBeLessThan(3 * table.length);
    const { items } = await cluster.admin.list(Event, { namespace: cluster.namespace });
    const told = table.map(({ kind, name, reason }) => [
      name,
      items.filter(
        ({ regarding, ...event }) =>
          regarding?.kind === kind.kind && regarding.name === name && event.reason === reason,
      ).length,
    ]);
    expect(told).toEqual(table.map(({ name }) => [name, 1]));
  });

  it("has made no Pod but those that no node takes", async () => {
    const created = cluster.proxy.log.commits({ sinceMs, verb: "create", resource: Pod.plural });
    expect(created.length).toBeLessThanOrEqual(2 * unschedulable.length);
    const runtimes = await cluster.runtimes();
    expect([...new Set(runtimes.map(({ pool }) => pool))].sort()).toEqual(unschedulable.sort());
  });

  it("is like any other object once it is mended", async () => {
    for (const { kind, name, mend } of table) await cluster.admin.patch(kind, ref(name), mend);
    for (const { kind, name } of table) await untilReason(kind, name, ({ status }) => status === "True");
  });
});

/** Other tests bring and take nodes: the scheduler tries again each time, and counts them in what it says. */
function followsNodes({ resource, name = "" }: ProxiedRequest): boolean {
  const isStatus = resource === `${RuntimePool.plural}/status`;
  return resource.startsWith(Pod.plural) || (isStatus && unschedulable.includes(name));
}

const unschedulable = table.flatMap(({ name, reason }) => (reason === "Unschedulable" ? [name] : []));

describe("a pool whose size changes all the time", () => {
  it("makes a bounded number of Pods, and ends as it was told last", async () => {
    await create(RuntimePool, "flapping", { size: 0 });
    const startMs = performance.now();
    for (let turn = 0; turn < 10; turn++) {
      await cluster.resize("flapping", 1000);
      await cluster.resize("flapping", 0);
    }
    await eventually(
      async () => {
        const { status, metadata } = await cluster.admin.get(RuntimePool, ref("flapping"));
        return (
          status?.observedGeneration === metadata.generation &&
          (await cluster.runtimes({ pool: "flapping" })).length === 0
        );
      },
      { timeoutMs: 30_000, message: "the last size being kept" },
    );
    const created = cluster.proxy.log.commits({ sinceMs: startMs, verb: "create", resource: Pod.plural });
    expect(created.length).toBeLessThan(200);
  });
});
