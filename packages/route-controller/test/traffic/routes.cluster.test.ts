import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { beforeAll, describe, expect, it } from "vitest";
import { type Answer, ask, type Request } from "../client.ts";
import { startEcho } from "../echo.ts";
import { type Harness, startHarness } from "../harness.ts";

let cluster: Harness;
let traefik: TestTraefik;

beforeAll(async () => {
  cluster = await startHarness();
  [traefik] = (await cluster.startTraefiks()) as [TestTraefik];
  await cluster.createClass();
  for (const name of ["target", "blue", "green"]) await cluster.serve(name, [await startEcho(name)]);
  await cluster.startReplica("first");
});

function send(name: string, path: string, options: Request = {}): Promise<Answer> {
  return ask(`${traefik.url}${path}`, { host: `${name}.test`, ...options });
}

function to(...names: string[]): RouteSpec["rules"][number]["targets"] {
  return names.map((name) => ({ service: { name }, port: 80 }));
}

/** Changes the spec of a Route, and waits until the data plane is said to serve just that. */
async function change(name: string, spec: Partial<RouteSpec>): Promise<void> {
  const route = await cluster.route(name);
  const operations = Object.entries(spec).map(([field, value]) => ({
    op: "add" as const,
    path: `/spec/${field}`,
    value,
  }));
  await cluster.admin.patch(Route, route.metadata, operations);
  await cluster.condition(name, "Programmed", "True");
}

describe("given a Route with everything that a Traefik can do", () => {
  it("it is served as it says, from the object to the answer", async () => {
    await cluster.createRoute("all", {
      rules: [
        {
          name: "api",
          matches: [{ path: { value: "/api" }, methods: ["GET", "POST"] }],
          targets: [
            { service: { name: "blue" }, port: 80, weight: 1 },
            { service: { name: "green" }, port: 80, weight: 1 },
          ],
          rewrite: { prefix: "/v2" },
          headers: { request: { set: [{ name: "X-Team", value: "a" }] } },
          mirror: { service: { name: "target" }, port: 80, percent: 50 },
        },
        { name: "old", matches: [{ path: { type: "Exact", value: "/old" } }], redirect: { path: "/api" } },
        { targets: to("target") },
      ],
      policy: {
        ipAllow: ["198.18.0.0/15", "127.0.0.1"],
        rateLimit: { requests: 1_000, burst: 1_000 },
        cors: { origins: ["https://lab.test"], methods: ["POST"] },
        retry: { attempts: 2 },
        sticky: {},
        compression: {},
        circuitBreaker: { errorPercent: 50 },
        timeouts: { backend: "60s" },
        bodyLimit: { maxBytes: 10_000 },
      },
    });
    await cluster.condition("all", "Programmed", "True");
    const { json } = await send("all", "/api/a?b=c", { method: "POST", body: "hello" });
    expect(json).toMatchObject({ url: "/v2/a?b=c", body: "hello", headers: { "x-team": "a" } });
    expect(["blue", "green"]).toContain(json?.echo);
    expect((await send("all", "/old")).headers.location).toBe("http://all.test/api");
    expect((await send("all", "/")).json?.echo).toBe("target");
    expect((await send("all", "/api", { method: "POST", body: "a".repeat(10_001) })).status).toBe(413);
  });
});

describe("once Programmed is true", () => {
  it("requests go where the Route says now, whatever was changed", async () => {
    await cluster.createRoute("moving", { rules: [{ targets: to("target") }] });
    await cluster.condition("moving", "Programmed", "True");
    for (let round = 0; round < 4; round++) {
      const name = round % 2 === 0 ? "blue" : "green";
      await change("moving", { rules: [{ targets: to(name) }] });
      expect((await send("moving", "/")).json?.echo).toBe(name);
    }
  });

  it("what was allowed before is not allowed any more", async () => {
    await cluster.createRoute("closing", {});
    await cluster.condition("closing", "Programmed", "True");
    expect((await send("closing", "/")).status).toBe(200);
    await change("closing", { policy: { ipAllow: ["203.0.113.1"] } });
    expect((await send("closing", "/")).status).toBe(403);
  });
});

it("between two configurations a Route is served by one or the other, and never goes without its protection", async () => {
  const guarded = (requests: number): Partial<RouteSpec> => ({
    policy: { ipAllow: ["203.0.113.1"], rateLimit: { requests, burst: requests } },
  });
  await cluster.createRoute("guarded", guarded(1));
  await cluster.condition("guarded", "Programmed", "True");
  const statuses = new Set<number>();
  const changes = new AbortController();
  const asking = (async () => {
    while (!changes.signal.aborted) statuses.add((await send("guarded", "/")).status);
  })();
  for (let requests = 2; requests < 6; requests++) await change("guarded", guarded(requests));
  changes.abort();
  await asking;
  expect([...statuses].filter((status) => status < 400)).toEqual([]);
  expect(statuses).toContain(403);
});

it("what is deleted ends: the routers and all that they named", async () => {
  const route = await cluster.createRoute("ending", { policy: { retry: { attempts: 1 } } });
  await cluster.condition("ending", "Programmed", "True");
  await cluster.admin.delete(Route, route.metadata, { uid: route.metadata.uid });
  await eventually(async () => (await send("ending", "/")).status === 404, {
    message: "the route having gone",
  });
});
