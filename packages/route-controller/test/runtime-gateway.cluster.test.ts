import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import type { TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import { Route } from "@datalayer/shared/crds/route";
import { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import { poolPathOf } from "@datalayer/shared/runtime/base-path";
import { jupyterPort } from "@datalayer/shared/runtime/names";
import { beforeAll, describe, expect, it } from "vitest";
import { passHeader } from "../src/route/pass.ts";
import { endpointSliceManifest, serviceManifest } from "./builders.ts";
import { ask, openStream, openWebSocket } from "./client.ts";
import { startEcho } from "./echo.ts";
import { createRuntime, pathOf, pool, startGateway } from "./gateway.ts";
import { type Harness, startHarness } from "./harness.ts";

const service = { name: "runtime-gateway", port: 80 };
const gatewayPort = 8080;

let cluster: Harness;
let traefik: TestTraefik;

beforeAll(async () => {
  cluster = await startHarness();
  [traefik] = (await cluster.startTraefiks()) as [TestTraefik];
  const { admin, namespace } = cluster;
  const host = await podAddress();
  const gateway = await startGateway(cluster, "gateway", {}, { host, port: gatewayPort });
  await admin.apply(Service, serviceManifest(namespace, service.name));
  const ports = { http: gatewayPort };
  await admin.apply(
    EndpointSlice,
    endpointSliceManifest(namespace, service.name, { addresses: [host], ports }),
  );
  const { address } = await startEcho("one", { port: jupyterPort });
  await createRuntime(cluster, "one", { address });
  await gateway.served("one");
  await cluster.createClass({ runtimeGateway: { service } });
  await cluster.startReplica("controller");
});

/** A Route to the pool; answers once it is ready. */
async function routed(name: string): Promise<Route> {
  await cluster.createRoute(name, {
    auth: { target: {} },
    rules: [
      {
        matches: [{ path: { type: "Prefix", value: poolPathOf(pool) } }],
        targets: [{ runtime: { pool }, port: jupyterPort }],
      },
    ],
  });
  return cluster.condition(name, "Ready", "True");
}

describe("a Route of a pool, through Traefik and the gateway", () => {
  it("is ready once the gateway refuses who names no runtime, and leads to the runtime that is named", async () => {
    await routed("pool");
    const url = `${traefik.url}${pathOf("one")}`;
    expect((await ask(`${url}/api`, { host: "pool.test" })).json).toMatchObject({
      echo: "one",
      url: `${pathOf("one")}/api`,
    });
    const socket = await openWebSocket(`${url}/`, { host: "pool.test" });
    expect(await socket.exchange("hello")).toBe("one: hello");
    await socket.close();
  });

  it("leaves nobody the choice of the Route that is said to have let him in", async () => {
    await routed("chosen");
    const headers = { [passHeader]: "another/1", [passHeader.toLowerCase()]: "another/1" };
    const url = `${traefik.url}${pathOf("one")}/`;
    expect((await ask(url, { host: "chosen.test", headers })).json?.echo).toBe("one");
  });

  it("takes with it what is open when it is deleted", async () => {
    const { metadata } = await routed("deleted");
    const url = `${traefik.url}${pathOf("one")}`;
    const host = "deleted.test";
    const socket = await openWebSocket(`${url}/`, { host });
    const stream = await openStream(`${url}/stream`, { host });
    const broken = stream.rest().catch(() => "broken off");
    expect(await socket.exchange("hello")).toBe("one: hello");
    await cluster.admin.delete(Route, metadata, { uid: metadata.uid });
    expect(await socket.closed).toBe(1001);
    expect(await broken).toBe("broken off");
    await eventually(async () => (await ask(`${url}/`, { host })).status === 404, {
      timeoutMs: 40_000,
      message: "the Route not being served",
    });
  });
});
