import { describe, expect, it } from "vitest";
import type { KubeObject, ObjectMeta } from "../kube/object.ts";
import { addFinalizer, removeFinalizer } from "./finalizer.ts";

const OURS = "datalayer.io/usage";

function objectWith(metadata: Partial<ObjectMeta>): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "a",
      uid: "u1",
      resourceVersion: "7",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
  };
}

describe("adding a finalizer", () => {
  it("creates the list when there is none, and fails when somebody else created it meanwhile", () => {
    expect(addFinalizer(objectWith({}), OURS)).toEqual([
      { op: "test", path: "/metadata/uid", value: "u1" },
      { op: "test", path: "/metadata/finalizers", value: null },
      { op: "add", path: "/metadata/finalizers", value: [OURS] },
    ]);
  });

  it("appends to a list, leaving the others", () => {
    expect(addFinalizer(objectWith({ finalizers: ["a/b"] }), OURS)?.at(-1)).toEqual({
      op: "add",
      path: "/metadata/finalizers/-",
      value: OURS,
    });
  });

  it("does nothing when it is there, or when the object is being deleted", () => {
    expect(addFinalizer(objectWith({ finalizers: [OURS] }), OURS)).toBeUndefined();
    expect(addFinalizer(objectWith({ deletionTimestamp: "2026-01-01T00:00:00Z" }), OURS)).toBeUndefined();
  });
});

describe("removing a finalizer", () => {
  it("removes that one, tested by value", () => {
    expect(removeFinalizer(objectWith({ finalizers: ["a/b", OURS, "c/d"] }), OURS)).toEqual([
      { op: "test", path: "/metadata/uid", value: "u1" },
      { op: "test", path: "/metadata/finalizers/1", value: OURS },
      { op: "remove", path: "/metadata/finalizers/1" },
    ]);
  });

  it("does nothing when it is gone", () => {
    expect(removeFinalizer(objectWith({ finalizers: ["a/b"] }), OURS)).toBeUndefined();
  });
});
