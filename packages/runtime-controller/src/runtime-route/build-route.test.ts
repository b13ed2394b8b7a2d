import { describe, expect, it } from "vitest";
import { runtime, storedPool } from "../../test/pool-objects.ts";
import { settings } from "../config.ts";
import { routeSettingsOf } from "../route-settings.ts";
import { buildPoolRoute, buildRuntimeRoute, poolRouteNameOf, type RouteSettings } from "./build-route.ts";

const settingsFor = (env: Record<string, string>): RouteSettings =>
  routeSettingsOf(settings.parse({ DATALAYER_OPERATOR_API_KEY: "k".repeat(16), ...env }));
const plain = settingsFor({ DATALAYER_RUNTIMES_URL: "http://localhost:8080" });

describe("the Route of a runtime", () => {
  it("leads from the path of the runtime to its Pod", () => {
    expect(buildRuntimeRoute(runtime("a"), plain)).toEqual({
      apiVersion: "datalayer.io/v1",
      kind: "Route",
      metadata: {
        name: "runtime-a",
        namespace: "datalayer-runtimes",
        labels: { app: "runtime-pools", "runtime-pools.datalayer.io/name": "python-simple-pool" },
        annotations: { "runtime-pools.datalayer.io/pool": "python-simple-pool" },
        ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "runtime-a", uid: "uid-of-runtime-a" }],
      },
      spec: {
        routeClassName: "datalayer",
        hosts: ["localhost"],
        auth: { target: { path: "/jupyter/server/python-simple-pool/a/api/kernels" } },
        rules: [
          {
            matches: [{ path: { type: "Prefix", value: "/jupyter/server/python-simple-pool/a" } }],
            targets: [{ pod: { name: "runtime-a" }, port: 2300 }],
          },
        ],
      },
    });
  });
});

describe("the Route of a pool", () => {
  it("leads from the path of all its runtimes to the gateway", () => {
    const { metadata, spec } = buildPoolRoute(storedPool(), plain);
    expect(metadata.ownerReferences).toEqual([
      {
        apiVersion: "datalayer.io/v1",
        kind: "RuntimePool",
        name: "python-simple-pool",
        uid: "uid-of-python-simple-pool",
      },
    ]);
    expect(spec.rules).toEqual([
      {
        matches: [{ path: { type: "Prefix", value: "/jupyter/server/python-simple-pool" } }],
        targets: [{ runtime: { pool: "python-simple-pool" }, port: 2300 }],
      },
    ]);
  });

  it("is another one for another pool of the same name", () => {
    const pool = storedPool();
    const other = { ...pool, metadata: { ...pool.metadata, uid: "other" } };
    expect(poolRouteNameOf(other)).not.toBe(poolRouteNameOf(pool));
  });
});

describe("the settings of Routes", () => {
  it.each([
    ["make none without a public URL", {}, { shape: "none" }],
    ["make one for each runtime by default", { DATALAYER_RUNTIMES_URL: "http://a" }, { shape: "runtime" }],
    [
      "leave the certificate of https to the class",
      { DATALAYER_RUNTIMES_URL: "https://a" },
      { host: "a", tls: {} },
    ],
    [
      "name who makes it",
      { DATALAYER_RUNTIMES_URL: "https://a", DATALAYER_CERT_ISSUER: "letsencrypt" },
      { tls: { issuerRef: { name: "letsencrypt", kind: "ClusterIssuer" } } },
    ],
    [
      "name the Secret with it",
      {
        DATALAYER_RUNTIMES_URL: "https://a",
        DATALAYER_RUNTIMES_TLS_SECRET: "s",
        DATALAYER_CERT_ISSUER: "letsencrypt",
      },
      { tls: { secretName: "s" } },
    ],
    [
      "wait for ever",
      { DATALAYER_RUNTIMES_URL: "http://a", DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "-1" },
      { waitMs: Infinity },
    ],
  ])("%s", (_, env, expected) => {
    expect(settingsFor(env)).toMatchObject(expected);
  });
});
