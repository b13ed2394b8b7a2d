/**
 * Generates docs/openapi/<controller>.json, the OpenAPI document that the controller itself serves. With `--check` it
 * fails when the committed one differs.
 */
import type { App } from "@datalayer/shared/http/app";
import { loadAccess } from "@datalayer/shared/kube/access";
import { silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import packageJson from "../package.json" with { type: "json" };
import { moduleOf, settlePage } from "./generated-page.ts";

/** As much of a controller as is needed to ask it for its document. */
interface Described {
  replica: { createReplica: (options: object) => Replica | Promise<Replica> };
  config: { settings: { parse(env: Record<string, string>): unknown } };
  api: { createApi: (options: object) => Promise<App> };
}

interface Replica {
  /** Some controllers make it together with the replica, others beside it. */
  api?: App;
  caches: object;
  health: object;
  close(): Promise<void>;
}

/** No request leaves before a replica runs, and this one never does. */
const nowhere = {
  apiVersion: "v1",
  kind: "Config",
  "current-context": "nowhere",
  contexts: [{ name: "nowhere", context: { cluster: "nowhere", user: "nobody" } }],
  clusters: [{ name: "nowhere", cluster: { server: "http://127.0.0.1:1" } }],
  users: [{ name: "nobody", user: {} }],
};

async function documentOf(controller: string, prefix: string): Promise<string> {
  const { createReplica } = (await moduleOf(controller, "replica.ts")) as Described["replica"];
  const config = (await moduleOf(controller, "config.ts")) as Described["config"];
  const { createApi } = (await moduleOf(controller, "http/api.ts")) as Described["api"];
  const metrics = createMetrics({ controller });
  const settings = config.settings.parse({ DATALAYER_OPERATOR_API_KEY: "no-request-is-made" });
  const access = loadAccess({ kubeconfigYaml: JSON.stringify(nowhere) });
  const common = { settings, version: packageJson.version, log: silentLogger };
  const replica = await createReplica({ ...common, access, metrics });
  const api =
    replica.api ??
    (await createApi({ ...common, ...replica, ...replica.caches, registry: metrics.registry }));
  const answer = await api.inject({ url: `${prefix}/openapi.json` });
  await api.close();
  await replica.close();
  metrics.stop();
  return answer.body;
}

/** Where each controller that has an API serves it. */
const prefixes = {
  "runtime-controller": "/api/operator",
  "route-controller": "/api/routes",
  "image-controller": "/api/images",
};

for (const [controller, prefix] of Object.entries(prefixes))
  await settlePage(`openapi/${controller}.json`, await documentOf(controller, prefix));
