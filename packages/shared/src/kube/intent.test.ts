import { describe, expect, it } from "vitest";
import { carries } from "./intent.ts";
import type { KubeObject, Manifest, OwnerReference } from "./object.ts";

interface Thing extends KubeObject {
  spec: object;
}

const owner: OwnerReference = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u" };
const manifest = (spec: object, rest: object = {}): Manifest<Thing> => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name: "t", namespace: "n", ...rest },
  spec,
});
const stored = (spec: object, rest: object = {}): Thing => ({
  ...manifest(spec),
  metadata: {
    name: "t",
    namespace: "n",
    uid: "1",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...rest,
  },
});

describe("an object carries a manifest", () => {
  it.each([
    ["when both are the same", stored({ a: [{ b: 1 }] }), manifest({ a: [{ b: 1 }] })],
    ["when it has defaults beside", stored({ a: [{ b: 1, c: 2 }], d: {} }), manifest({ a: [{ b: 1 }] })],
    ["when what the manifest leaves undefined is there", stored({ a: 1 }), manifest({ a: undefined })],
    [
      "when somebody else owns it as well",
      stored({}, { ownerReferences: [{ ...owner, uid: "v" }, owner] }),
      manifest({}, { ownerReferences: [owner] }),
    ],
    [
      "when it has more labels",
      stored({}, { labels: { a: "1", b: "2" } }),
      manifest({}, { labels: { a: "1" } }),
    ],
  ])("%s", (_, object, intended) => {
    expect(carries(object, intended)).toBe(true);
  });

  it.each([
    ["when a value differs", stored({ a: 1 }), manifest({ a: 2 })],
    ["when a field is missing", stored({}), manifest({ a: 1 })],
    ["when an object is expected and is not there", stored({}), manifest({ a: {} })],
    ["when a list has one item more", stored({ a: [1, 2] }), manifest({ a: [1] })],
    ["when a list has another order", stored({ a: [1, 2] }), manifest({ a: [2, 1] })],
    ["when a list is expected and is not there", stored({ a: {} }), manifest({ a: [] })],
    [
      "when its owner is another one",
      stored({}, { ownerReferences: [owner] }),
      manifest({}, { ownerReferences: [{ ...owner, uid: "v" }] }),
    ],
    ["when it has no owner", stored({}), manifest({}, { ownerReferences: [owner] })],
    ["when a label differs", stored({}, { labels: { a: "1" } }), manifest({}, { labels: { a: "2" } })],
  ])("not %s", (_, object, intended) => {
    expect(carries(object, intended)).toBe(false);
  });
});
