import { describe, expect, it } from "vitest";
import { parseRequest } from "./request-info.ts";

const pod = { group: "", resource: "pods", namespace: "a", name: "b" };

describe("parseRequest", () => {
  it.each([
    ["GET", "/api/v1/namespaces/a/pods/b", { ...pod, verb: "get" }],
    ["GET", "/api/v1/namespaces/a/pods?limit=500", { ...pod, verb: "list", name: undefined }],
    [
      "GET",
      "/api/v1/namespaces/a/pods?watch=true&resourceVersion=7",
      { ...pod, verb: "watch", name: undefined },
    ],
    ["GET", "/api/v1/namespaces/a/pods?watch=false", { ...pod, verb: "list", name: undefined }],
    ["GET", "/api/v1/pods", { ...pod, verb: "list", namespace: undefined, name: undefined }],
    ["POST", "/api/v1/namespaces/a/pods", { ...pod, verb: "create", name: undefined }],
    ["POST", "/api/v1/namespaces/a/pods/b/eviction", { ...pod, verb: "create", resource: "pods/eviction" }],
    ["PUT", "/api/v1/namespaces/a/pods/b", { ...pod, verb: "update" }],
    [
      "PATCH",
      "/api/v1/namespaces/a/pods/b/status?fieldManager=x",
      { ...pod, verb: "patch", resource: "pods/status" },
    ],
    ["DELETE", "/api/v1/namespaces/a/pods/b", { ...pod, verb: "delete" }],
    ["DELETE", "/api/v1/namespaces/a/pods", { ...pod, verb: "deletecollection", name: undefined }],
  ])("reads %s %s", (method, url, expected) => {
    expect(parseRequest(method, url)).toEqual(expected);
  });

  it("reads the group of a resource that has one", () => {
    expect(parseRequest("GET", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b")).toEqual({
      verb: "get",
      group: "coordination.k8s.io",
      resource: "leases",
      namespace: "a",
      name: "b",
    });
  });

  it.each([
    ["PATCH", "/api/v1/namespaces/a", { verb: "patch", resource: "namespaces" }],
    ["PUT", "/api/v1/namespaces/a/finalize", { verb: "update", resource: "namespaces/finalize" }],
  ])("takes a namespace for an object of its own in %s %s", (method, url, expected) => {
    expect(parseRequest(method, url)).toMatchObject({ ...expected, namespace: "a", name: "a" });
  });

  it("finds no resource in paths that have none", () => {
    expect(parseRequest("GET", "/version")).toMatchObject({ verb: "get", resource: "" });
    expect(parseRequest("GET", "/apis/apps/v1")).toMatchObject({ verb: "get", resource: "" });
  });
});
