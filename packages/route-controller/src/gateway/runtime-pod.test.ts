import type { Pod } from "@datalayer/shared/kube/kinds";
import { poolAnnotation } from "@datalayer/shared/runtime/names";
import { describe, expect, it } from "vitest";
import { parseRuntimePod, trimRuntimePod } from "./runtime-pod.ts";

function podWith(options: {
  status?: Partial<NonNullable<Pod["status"]>>;
  metadata?: Partial<Pod["metadata"]>;
  hostNetwork?: boolean;
}): Pod {
  const { status, metadata, hostNetwork } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "runtime-01j9",
      namespace: "n",
      uid: "uid-1",
      resourceVersion: "1",
      creationTimestamp: "2026-11-22T00:00:00Z",
      labels: { app: "runtime-pools" },
      annotations: { [poolAnnotation]: "pool", other: "x" },
      ...metadata,
    },
    spec: { containers: [{ name: "jupyter" }], hostNetwork, nodeName: "node" },
    status: {
      phase: "Running",
      podIP: "10.1.2.3",
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "True" },
      ],
      ...status,
    },
  };
}

const deleted = { deletionTimestamp: "2026-11-22T00:01:00Z", deletionGracePeriodSeconds: 30 };

describe("the Pod of a runtime", () => {
  it("is read from its name, annotation and status", () => {
    expect(parseRuntimePod(podWith({}))).toEqual({
      uid: "uid-1",
      namespace: "n",
      ulid: "01j9",
      pool: "pool",
      createdAt: "2026-11-22T00:00:00Z",
      address: "10.1.2.3",
      ready: true,
      ended: false,
    });
  });

  it("reads the same when what is not needed was taken out", () => {
    const pod = podWith({});
    const before = parseRuntimePod(pod);
    trimRuntimePod(pod);
    expect(parseRuntimePod(pod)).toEqual(before);
    expect(JSON.stringify(pod)).not.toMatch(/jupyter|other|PodScheduled|nodeName/);
    const onHost = podWith({ hostNetwork: true });
    trimRuntimePod(onHost);
    expect(parseRuntimePod(onHost)?.address).toBeUndefined();
  });

  it.each([
    ["another name", { name: "web-1" }],
    ["no pool", { annotations: {} }],
  ])("is none with %s", (_, metadata) => expect(parseRuntimePod(podWith({ metadata }))).toBeUndefined());

  it.each<[string, Parameters<typeof podWith>[0], { ready: boolean; ended: boolean }]>([
    ["is not Ready", { status: { conditions: [] } }, { ready: false, ended: false }],
    ["has no address", { status: { podIP: undefined } }, { ready: false, ended: false }],
    ["terminates", { metadata: deleted }, { ready: false, ended: false }],
    [
      "has stopped, by its node",
      { metadata: { ...deleted, deletionGracePeriodSeconds: 0 } },
      { ready: false, ended: true },
    ],
    ["has failed", { status: { phase: "Failed" } }, { ready: false, ended: true }],
    ["has completed", { status: { phase: "Succeeded" } }, { ready: false, ended: true }],
  ])("that %s takes no requests", (_, options, expected) => {
    expect(parseRuntimePod(podWith(options))).toMatchObject(expected);
  });

  it.each([
    "127.0.0.1",
    "0.0.0.0",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "example.com",
    "",
  ])("has no address in %s", (podIP) => {
    expect(parseRuntimePod(podWith({ status: { podIP } }))).toMatchObject({ ready: false });
    expect(parseRuntimePod(podWith({ status: { podIP } }))?.address).toBeUndefined();
  });

  it.each(["10.0.0.1", "198.18.0.1", "fd00::1"])("may have the address %s", (podIP) => {
    expect(parseRuntimePod(podWith({ status: { podIP } }))?.address).toBe(podIP);
  });
});
