import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { runtimePod, storedEnvironment, storedPool } from "../../test/pool-objects.ts";
import { labelValueOf } from "./label-value.ts";
import { label } from "./names.ts";
import { buildWarmPod, revisionOf, type RuntimePodSettings, type RuntimeTemplate } from "./pod-builder.ts";
import { parseRuntime } from "./runtime.ts";

const settings: RuntimePodSettings = { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: [] };
const identity = { ulid: "01j9z8w7v6t5s4r3q2p1n0m9k8", tokenKeyId: "k1", revision: "0123456789" };
const minimal: RuntimeTemplate = {
  pool: storedPool(),
  environment: storedEnvironment(),
  image: "datalayer/jupyter-python:0.0.8",
  settings,
};
const full: RuntimeTemplate = {
  pool: storedPool({
    resources: { requests: { cpu: "250m" }, limits: { memory: "2Gi", "nvidia.com/gpu": "1" } },
    nodeSelector: { "xpu.datalayer.io/gpu-cuda": "true" },
    runtimeClassName: "gvisor",
    priorityClassName: "runtimes",
    imagePullSecrets: [{ name: "reg-creds" }, { name: "team" }],
    tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "role.datalayer.io/runtime", operator: "In", values: ["true"] }] },
          ],
        },
      },
    },
  }),
  environment: storedEnvironment({
    env: [{ name: "PYTHONUNBUFFERED", value: "$(HOME) is text" }],
    home: "/home/jovyan",
    imagePullSecrets: [{ name: "course" }],
    resourcesRanges: { default: { requests: { memory: "64Mi" }, limits: { cpu: "4", memory: "1Gi" } } },
  }),
  image: "registry.example/team/datalayer/jupyter-python:0.0.8",
  settings: { ...settings, imagePullSecrets: ["reg-creds"] },
};

describe("a warm Pod", () => {
  it.each([
    ["minimal", minimal],
    ["full", full],
  ])("of a %s pool is as in its golden file", async (name, template) => {
    const text = stringify(buildWarmPod(template, identity), {
      aliasDuplicateObjects: false,
      lineWidth: 110,
    });
    await expect(text).toMatchFileSnapshot(`testdata/pod-${name}.golden.yaml`);
  });

  it("is read back as a pending runtime of its pool", () => {
    const { metadata, spec } = buildWarmPod(minimal, identity);
    const stored = { ...runtimePod("x"), metadata: { ...runtimePod("x").metadata, ...metadata }, spec };
    expect(parseRuntime(stored)).toMatchObject({
      name: `runtime-${identity.ulid}`,
      ulid: identity.ulid,
      pool: "python-simple-pool",
      environment: "python-simple-env",
      revision: "0123456789",
      tokenKeyId: "k1",
      state: "pending",
      assignment: undefined,
    });
  });

  it("has a label that fits for a pool with a long name", () => {
    const name = "a".repeat(253);
    const pool = storedPool({}, { name });
    const labels = buildWarmPod({ ...minimal, pool }, identity).metadata.labels!;
    expect(labels[label.pool]).toBe(labelValueOf(name));
    expect(labels[label.pool]).toHaveLength(63);
  });

  it("leaves HOME to an environment that sets it", () => {
    const environment = storedEnvironment({ env: [{ name: "HOME", value: "/home/jovyan" }] });
    const { env = [] } = buildWarmPod({ ...minimal, environment }, identity).spec!.containers[0]!;
    expect(env.filter(({ name }) => name === "HOME")).toEqual([{ name: "HOME", value: "/home/jovyan" }]);
  });
});

describe("the parts that features add", () => {
  const container = { name: "fetch", image: "fetcher:1" };
  const parts = [
    { volumes: [{ name: "a", emptyDir: {} }], volumeMounts: [{ name: "a", mountPath: "/a" }] },
    { initContainers: [container], env: [{ name: "B", value: "b" }] },
  ];
  const { initContainers, containers, volumes } = buildWarmPod({ ...minimal, parts }, identity).spec!;

  it("come after those of the Pod itself, in their order", () => {
    expect(volumes?.map(({ name }) => name)).toEqual(["token", "claim", "a"]);
    expect(containers[0]?.volumeMounts?.map(({ name }) => name)).toEqual(["token", "claim", "a"]);
    expect(containers[0]?.env?.at(-1)).toEqual({ name: "B", value: "b" });
    expect(initContainers).toEqual([container]);
  });
});

describe("the revision of a pool", () => {
  const withPool = (spec: Parameters<typeof storedPool>[0]) => ({ ...minimal, pool: storedPool(spec) });
  const withEnvironment = (spec: Parameters<typeof storedEnvironment>[0]) => ({
    ...minimal,
    environment: storedEnvironment(spec),
  });

  const same: [string, RuntimeTemplate][] = [
    ["title", withEnvironment({ title: "Other" })],
    ["description", withEnvironment({ description: "Other" })],
    ["snippets", withEnvironment({ snippets: [{ title: "a", code: "b" }] })],
    ["icon, owner and visibility", withEnvironment({ icon: "i", owner: "o", visibility: "public" })],
    ["template of names", withEnvironment({ kernel: { givenNameTemplate: "x" } })],
    ["home that is the default", withEnvironment({ home: "/home/datalayer" })],
    ["size", withPool({ size: 9 })],
    ["burning rate", withPool({ burningRate: 9 })],
    ["idle time", withPool({ cull: { seconds: 9 } })],
    ["resource that is the same", withPool({ resources: { limits: { cpu: "500m" } } })],
  ];
  it.each(same)("stays with another %s", (_, template) => {
    expect(revisionOf(template)).toBe(revisionOf(minimal));
  });

  const other: [string, RuntimeTemplate][] = [
    ["image", { ...minimal, image: "other:1" }],
    ["variable", withEnvironment({ env: [{ name: "A", value: "1" }] })],
    ["home", withEnvironment({ home: "/home/jovyan" })],
    ["default resource", withEnvironment({ resourcesRanges: { default: { limits: { cpu: "1" } } } })],
    ["resource of the pool", withPool({ resources: { limits: { cpu: "1" } } })],
    ["node selector", withPool({ nodeSelector: { a: "b" } })],
    ["toleration", withPool({ tolerations: [{ operator: "Exists" }] })],
    ["runtime class", withPool({ runtimeClassName: "gvisor" })],
    ["priority class", withPool({ priorityClassName: "runtimes" })],
    ["pull Secret of the pool", withPool({ imagePullSecrets: [{ name: "team" }] })],
    ["pull Secret of the environment", withEnvironment({ imagePullSecrets: [{ name: "course" }] })],
    ["affinity", withPool({ affinity: { podAntiAffinity: {} } })],
    ["ServiceAccount", { ...minimal, settings: { ...settings, serviceAccount: "other" } }],
    ["part of a feature", { ...minimal, parts: [{ env: [{ name: "B", value: "b" }] }] }],
    ["pull Secret", { ...minimal, settings: { ...settings, imagePullSecrets: ["reg-creds"] } }],
  ];
  it.each(other)("changes with another %s", (_, template) => {
    expect(revisionOf(template)).not.toBe(revisionOf(minimal));
  });

  it("is a label value", () => {
    expect(revisionOf(minimal)).toMatch(/^[0-9a-f]{10}$/);
  });
});
