import { describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { runtimePod, storedEnvironment, storedPool } from "../../test/pool-objects.ts";
import { buildAssignedPod } from "./assigned-pod.ts";
import { annotation, usageFinalizer } from "./names.ts";
import { buildWarmPod, type RuntimeTemplate } from "./pod-builder.ts";
import { parseRuntime } from "./runtime.ts";

const identity = { ulid: "01j9z8w7v6t5s4r3q2p1n0m9k8", tokenKeyId: "k1", revision: "0123456789" };
const template: RuntimeTemplate = {
  pool: storedPool(),
  environment: storedEnvironment(),
  image: "jupyter:1",
  settings: { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: [] },
};

describe("the Pod of a runtime that belongs to a user from the start", () => {
  const whole = assignment({ claimKey: "key-hash", expiredAt: 1_900_000_000, startDeadline: 1_800_000_300 });
  const manifest = buildAssignedPod(template, identity, whole);
  const { metadata } = manifest;

  it("is read back with the whole assignment", () => {
    const { spec } = manifest;
    const stored = { ...runtimePod("x"), metadata: { ...runtimePod("x").metadata, ...metadata }, spec };
    expect(parseRuntime(stored)).toMatchObject({
      ulid: identity.ulid,
      pool: "python-simple-pool",
      environment: "python-simple-env",
      state: "assigned",
      assignment: whole,
    });
  });

  it("runs what a warm one runs", () => {
    expect(manifest.spec).toEqual(buildWarmPod(template, identity).spec);
  });

  it("has no owner, and is kept for its usage", () => {
    expect(metadata).not.toHaveProperty("ownerReferences");
    expect(metadata.finalizers).toEqual([usageFinalizer]);
  });

  it("says nothing of what the assignment does not have", () => {
    const { annotations } = buildAssignedPod(template, identity, assignment()).metadata;
    expect(annotations).not.toHaveProperty([annotation.expiredAt]);
    expect(annotations).not.toHaveProperty([annotation.startDeadline]);
  });
});
