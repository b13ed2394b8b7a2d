import { describe, expect, it } from "vitest";
import { Lease, Node, Pod } from "./kinds.ts";
import { collectionPath, objectPath, withQuery } from "./paths.ts";

describe("paths", () => {
  it.each([
    ["a Pod", objectPath(Pod, { namespace: "team", name: "p" }), "/api/v1/namespaces/team/pods/p"],
    [
      "its status",
      objectPath(Pod, { namespace: "team", name: "p" }, "status"),
      "/api/v1/namespaces/team/pods/p/status",
    ],
    ["all Pods", collectionPath(Pod), "/api/v1/pods"],
    [
      "a Lease",
      objectPath(Lease, { namespace: "n", name: "l" }),
      "/apis/coordination.k8s.io/v1/namespaces/n/leases/l",
    ],
    [
      "a Node, whatever the namespace",
      objectPath(Node, { namespace: "n", name: "one" }),
      "/api/v1/nodes/one",
    ],
    [
      "a hostile name",
      objectPath(Pod, { namespace: "n", name: "../secrets/x?y" }),
      "/api/v1/namespaces/n/pods/..%2Fsecrets%2Fx%3Fy",
    ],
  ])("of %s", (_what, path, expected) => {
    expect(path).toBe(expected);
  });

  it("are refused without a name or namespace, which would mean a whole collection", () => {
    expect(() => objectPath(Pod, { namespace: "team", name: "" })).toThrow("Pod needs a name");
    expect(() => objectPath(Pod, { name: "p" })).toThrow("Pod p needs a namespace");
  });

  it("carry a query without what is undefined", () => {
    expect(withQuery("/x", { labelSelector: "a=b,c", limit: 5, continue: undefined })).toBe(
      "/x?labelSelector=a%3Db%2Cc&limit=5",
    );
    expect(withQuery("/x", {})).toBe("/x");
  });
});
