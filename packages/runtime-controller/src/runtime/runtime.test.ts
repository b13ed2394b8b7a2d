import type { Pod } from "@datalayer/shared/kube/kinds";
import { podNameOf } from "@datalayer/shared/runtime/names";
import { describe, expect, it } from "vitest";
import { runtimePod } from "../../test/pool-objects.ts";
import { annotation, label } from "./names.ts";
import { parseRuntime } from "./runtime.ts";

const changed = (change: (pod: Pod) => void): Pod => {
  const pod = runtimePod("01k");
  change(pod);
  return pod;
};

describe("a runtime read from its Pod", () => {
  it("has what names it and where it stands", () => {
    expect(parseRuntime(runtimePod("01k"))).toMatchObject({
      name: podNameOf("01k"),
      ulid: "01k",
      namespace: "datalayer-runtimes",
      pool: "python-simple-pool",
      environment: "python-simple-env",
      revision: "current",
      tokenKeyId: "key-1",
      state: "available",
      ready: true,
      terminating: false,
      ended: false,
      restarts: 0,
      assignment: undefined,
    });
  });

  it.each<[string, Pod]>([
    ["another name", changed(({ metadata }) => (metadata.name = "web-1"))],
    ["no state", changed(({ metadata }) => (metadata.labels = { app: "runtime-pools" }))],
    ["a state that there is not", changed(({ metadata }) => (metadata.labels![label.state] = "ready"))],
    [
      "the name of a property of every object as its state",
      changed(({ metadata }) => (metadata.labels![label.state] = "toString")),
    ],
    ["no labels", changed(({ metadata }) => delete metadata.labels)],
  ])("is none when the Pod has %s", (_, pod) => {
    expect(parseRuntime(pod)).toBeUndefined();
  });

  it.each<[string, Pod]>([
    ["it is not Ready", changed(({ status }) => (status!.conditions![0]!.status = "False"))],
    ["it has no conditions", changed(({ status }) => delete status!.conditions)],
    ["it does not run", changed(({ status }) => (status!.phase = "Pending"))],
    ["it has no address", changed(({ status }) => delete status!.podIP)],
  ])("is not ready when %s", (_, pod) => {
    expect(parseRuntime(pod)).toMatchObject({ ready: false });
  });

  it.each(["Failed", "Succeeded"])("has ended when its Pod has %s", (phase) => {
    expect(parseRuntime(changed(({ status }) => (status!.phase = phase)))).toMatchObject({ ended: true });
  });

  it("counts the restarts of the container that serves, not of others", () => {
    const pod = changed(({ status }) => {
      const [jupyter] = status!.containerStatuses!;
      status!.containerStatuses = [
        { ...jupyter!, name: "sidecar", restartCount: 7 },
        { ...jupyter!, restartCount: 2 },
      ];
    });
    expect(parseRuntime(pod)?.restarts).toBe(2);
  });

  it("has the assignment that its claim wrote, with numbers as numbers", () => {
    const pod = runtimePod("01k", {
      state: "assigned",
      labels: { [label.userUid]: "user-1", [label.kernelType]: "cell", [label.claimKey]: "hash" },
      annotations: {
        [annotation.claimId]: "claim-1",
        [annotation.bodySeal]: "seal",
        [annotation.bringsSecret]: "true",
        [annotation.givenName]: "Mine",
        [annotation.startedAt]: "1800000000",
        [annotation.expiredAt]: "1800000060",
        [annotation.burningRate]: "0.25",
      },
    });
    expect(parseRuntime(pod)?.assignment).toEqual({
      claimId: "claim-1",
      claimKey: "hash",
      bodySeal: "seal",
      bringsSecret: true,
      userUid: "user-1",
      reservationId: undefined,
      type: "cell",
      givenName: "Mine",
      startedAt: 1_800_000_000,
      expiredAt: 1_800_000_060,
      burningRate: 0.25,
    });
  });

  it("reads what is missing as absent", () => {
    const pod = changed(({ metadata }) => {
      delete metadata.annotations;
      delete metadata.namespace;
    });
    expect(parseRuntime({ ...pod, status: undefined })).toMatchObject({
      namespace: "",
      pool: "",
      restarts: 0,
      ready: false,
    });
  });
});
