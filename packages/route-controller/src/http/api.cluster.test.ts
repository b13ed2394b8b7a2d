import { readFile } from "node:fs/promises";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Route, routeCondition, routeReason } from "@datalayer/shared/crds/route";
import type { App } from "@datalayer/shared/http/app";
import { Health } from "@datalayer/shared/http/health";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import { silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";
import { settings } from "../config.ts";
import { createApi } from "./api.ts";

const key = "key-for-tests-0123456789";

let harness: Harness;
let routes: InformerSet<Route>;
let api: App;
const metrics = createMetrics({ controller: "route-controller" });
const watching = new AbortController();

beforeAll(async () => {
  harness = await startHarness({ namespaces: 2 });
  const { admin: client, namespaces } = harness;
  routes = new InformerSet({ kind: Route, client, namespaces, log: silentLogger });
  routes.start(watching.signal);
  await routes.synced();
  api = await createApi({
    settings: settings.parse({ DATALAYER_OPERATOR_API_KEY: key }),
    routes,
    health: new Health(),
    version: "0.0.0-test",
    log: silentLogger,
    registry: metrics.registry,
  });
});

afterAll(async () => {
  await api.close();
  watching.abort();
  metrics.stop();
});

async function get(url: string, apiKey = key) {
  const answer = await api.inject({ url, headers: { "x-api-key": apiKey } });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

/** Waits until the cache shows the Route as it was written. */
async function seen({ metadata }: Route): Promise<void> {
  await eventually(() => routes.get(metadata)?.metadata.uid === metadata.uid, {
    message: `the cache showing Route ${metadata.name}`,
  });
}

function refused(observedGeneration: number) {
  return [routeCondition.accepted, "Ready"].map((type) => ({
    type,
    status: "False",
    reason: routeReason.classNotFound,
    message: "the RouteClass is not there",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    observedGeneration,
  }));
}

describe("the list of Routes", () => {
  it("has those of every watched namespace, or of one, page by page", async () => {
    const [first, second] = harness.namespaces as [string, string];
    await seen(await harness.createRoute("list-a", {}, first));
    await seen(await harness.createRoute("list-b", {}, first));
    await seen(await harness.createRoute("list-c", {}, second));
    const names = ({ body }: { body: Record<string, unknown> }) =>
      (body["routes"] as { name: string }[])
        .map(({ name }) => name)
        .filter((name) => name.startsWith("list"));
    expect(names(await get("/api/routes/v1/routes")).toSorted()).toEqual(["list-a", "list-b", "list-c"]);
    expect(names(await get(`/api/routes/v1/routes?namespace=${second}`))).toEqual(["list-c"]);
    const page = await get(`/api/routes/v1/routes?namespace=${first}&limit=1`);
    expect(names(page)).toEqual(["list-a"]);
    const next = encodeURIComponent(String(page.body["continue"]));
    expect(names(await get(`/api/routes/v1/routes?namespace=${first}&limit=1&continue=${next}`))).toEqual([
      "list-b",
    ]);
  });
});

describe("one Route", () => {
  it("is explained with what its status says", async () => {
    const made = await harness.createRoute("explained", { routeClassName: `${harness.className}-none` });
    await seen(made);
    const { generation = 1 } = made.metadata;
    const [namespace, name] = [harness.namespace, "explained"];
    // As the controller says it; whether it says so is tested where it does.
    await harness.admin.patch(
      Route,
      { namespace, name },
      [
        {
          op: "add",
          path: "/status",
          value: { observedGeneration: generation, conditions: refused(generation) },
        },
      ],
      { subresource: "status" },
    );
    const answer = await eventually(
      async () => {
        const found = await get(`/api/routes/v1/routes/${namespace}/${name}`);
        const detail = found.body["route"] as { conditions: unknown[] };
        return detail.conditions.length > 1 && found;
      },
      { timeoutMs: 40_000, message: "the cache showing the status" },
    );
    expect(answer).toMatchObject({
      status: 200,
      body: {
        success: true,
        route: {
          name: "explained",
          ready: false,
          reason: routeReason.classNotFound,
          explanation: {
            traffic: ["Requests to explained.test go to Service target, port 80."],
            access: "Everyone may come in.",
            emitted: ["Nothing was made of it."],
            readiness: expect.stringMatching(/^It is not ready: /) as string,
            advice: expect.stringMatching(/RouteClass/) as string,
          },
        },
      },
    });
  });

  it("is not found by a name that no Route has", async () => {
    const { status, body } = await get(`/api/routes/v1/routes/${harness.namespace}/nobody`);
    expect({ status, success: body["success"] }).toEqual({ status: 404, success: false });
  });
});

it.each(["/api/routes/v1/routes", "/api/routes/v1/routes/a/b", "/api/routes/v1/nothing"])(
  "asks for the key: %s",
  async (url) => {
    expect((await get(url, "")).status).toBe(401);
    expect((await get(url, `${key}0`)).status).toBe(401);
  },
);

it("serves the published document without key", async () => {
  const url = new URL("../../../../docs/openapi/route-controller.json", import.meta.url);
  const { info, ...published } = JSON.parse(await readFile(url, "utf8")) as { info: object };
  const { status, body } = await get("/api/routes/openapi.json", "");
  expect(status).toBe(200);
  expect(body).toEqual({ ...published, info: { ...info, version: "0.0.0-test" } });
});
