import type { Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { startFailureOf } from "../runtime-pool/start-failure.ts";
import { parseRuntime } from "./runtime.ts";
import { trimPod } from "./trim-pod.ts";

const time = "2026-01-01T00:00:00Z";

function warmPod(scheduled: "True" | "False" = "True"): Pod {
  const conditions = [
    { type: "Initialized", status: "True", lastTransitionTime: time },
    { type: "PodScheduled", status: scheduled, reason: "Unschedulable", message: "no node fits" },
    { type: "Ready", status: "True" },
  ];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "runtime-1",
      namespace: "runtimes",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: time,
      labels: { "runtime-pools.datalayer.io/pod-status": "available" },
      annotations: { "runtime-pools.datalayer.io/pool": "pool" },
    },
    spec: { nodeName: "node-1", containers: [{ name: "jupyter", env: [{ name: "A", value: "b" }] }] },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      hostIP: "10.1.0.1",
      conditions,
      containerStatuses: [
        { name: "jupyter", image: "i", imageID: "", ready: true, restartCount: 2, state: { running: {} } },
      ],
    },
  };
}

function trimmed(pod: Pod): Pod {
  trimPod(pod);
  return pod;
}

describe("a trimmed Pod", () => {
  it("reads as the same runtime", () => {
    const pod = trimmed(warmPod());
    const after = parseRuntime(pod);
    expect(after).toEqual({ ...parseRuntime(warmPod()), pod });
    expect(after).toMatchObject({ ready: true, restarts: 2 });
    expect(pod.spec?.nodeName).toBe("node-1");
    expect(pod.status?.podIP).toBe("10.0.0.1");
  });

  it("still says why it does not start", () => {
    expect(startFailureOf(trimmed(warmPod("False")))).toEqual(startFailureOf(warmPod("False")));
    expect(startFailureOf(trimmed(warmPod("False")))?.reason).toBe("Unschedulable");
  });

  it("still says why its init container fails", () => {
    const state = { terminated: { exitCode: 1, message: "wrong SHA-256" } };
    const common = { image: "i", imageID: "", restartCount: 0 };
    const initContainerStatuses = [
      { ...common, name: "content-0", ready: true, state: { terminated: { exitCode: 0 } } },
      { ...common, name: "content-1", ready: false, state },
    ];
    const pod = warmPod();
    pod.status = { ...pod.status, initContainerStatuses };
    expect(startFailureOf(trimmed(pod))?.message).toContain("content-1 of Pod runtime-1: wrong SHA-256");
    expect(JSON.stringify(pod)).not.toContain("content-0");
  });

  it("loses what nobody reads", () => {
    const text = JSON.stringify(trimmed(warmPod()));
    for (const gone of ["env", "hostIP", "Initialized"]) expect(text).not.toContain(gone);
  });

  it("stays as it is when it is trimmed again, or has no status yet", () => {
    const once = structuredClone(trimmed(warmPod()));
    expect(trimmed(structuredClone(once))).toEqual(once);
    expect(trimmed({ ...warmPod(), status: undefined }).status).toBeUndefined();
  });
});

describe("what a Pod asks for as a whole", () => {
  type Containers = NonNullable<Pod["spec"]>["containers"];
  const asking = (name: string, requests?: Record<string, string>): Containers[number] => ({
    name,
    ...(requests && { resources: { requests } }),
  });
  const requestsOf = (spec: Partial<NonNullable<Pod["spec"]>>): Record<string, string> | undefined => {
    const pod = warmPod();
    pod.spec = { containers: [], ...spec };
    return trimmed(pod).spec?.resources?.requests;
  };

  it("is what its container asks for", () => {
    expect(requestsOf({ containers: [asking("a", { cpu: "250m", memory: "64Mi" }), asking("b")] })).toEqual({
      cpu: "250m",
      memory: "64Mi",
    });
  });

  it("is the sum of its containers, or more where an init container takes more", () => {
    const containers = [asking("a", { cpu: "250m", memory: "1Gi" }), asking("b", { cpu: "1" })];
    const initContainers = [asking("git", { cpu: "100m", memory: "2Gi" })];
    expect(requestsOf({ containers, initContainers })).toEqual({ cpu: "1.25", memory: String(2 ** 31) });
  });

  it("is what the Pod says of itself", () => {
    const resources = { requests: { cpu: "3" } };
    expect(requestsOf({ resources, containers: [asking("a", { cpu: "1" })] })).toEqual({ cpu: "3" });
  });
});
