import { describe, expect, it } from "vitest";
import { type ProxiedRequest, RequestLog } from "./request-log.ts";

function request(overrides: Partial<ProxiedRequest>): ProxiedRequest {
  return {
    client: "a",
    verb: "patch",
    group: "",
    resource: "pods",
    namespace: "default",
    name: "one",
    method: "PATCH",
    url: "/api/v1/namespaces/default/pods/one",
    contentType: undefined,
    userAgent: undefined,
    body: undefined,
    startedAtMs: 10,
    upstreamStatus: 200,
    ...overrides,
  };
}

function logOf(...requests: Partial<ProxiedRequest>[]): RequestLog {
  const log = new RequestLog();
  log.push(...requests.map(request));
  return log;
}

describe("the request log", () => {
  it("tells writes from reads", () => {
    const log = logOf({ verb: "get" }, { verb: "create" }, { verb: "watch" }, { verb: "deletecollection" });
    expect(log.writes().map(({ verb }) => verb)).toEqual(["create", "deletecollection"]);
  });

  it("counts a write whose reply was lost as a commit, and a refused one not", () => {
    const log = logOf(
      { name: "lost", fault: "dropAfter" },
      { name: "refused", upstreamStatus: 409 },
      { name: "dropped", upstreamStatus: undefined },
    );
    expect(log.commits().map(({ name }) => name)).toEqual(["lost"]);
  });

  it("selects by client, time and resource", () => {
    const log = logOf(
      { name: "early", startedAtMs: 1 },
      { name: "other client", client: "b" },
      { name: "lease", resource: "leases" },
      { name: "status", resource: "pods/status" },
      { name: "wanted" },
    );
    expect(log.writes({ client: "a", sinceMs: 5, exceptResource: ["leases", "pods/status"] })).toMatchObject([
      { name: "wanted" },
    ]);
    expect(log.writes({ resource: "pods", sinceMs: 5, client: "a" })).toMatchObject([{ name: "wanted" }]);
  });

  it("forgets what it is told to", () => {
    const log = logOf({}, {});
    log.clear();
    expect(log.select()).toEqual([]);
  });
});
