/**
 * Generates docs/openapi/<controller>.json, the OpenAPI document that the controller itself serves. With `--check` it
 * fails when the committed one differs.
 */
import type { App } from "@datalayer/shared/http/app";
import { Image } from "@datalayer/shared/crds/image";
import { Health } from "@datalayer/shared/http/health";
import { loadAccess } from "@datalayer/shared/kube/access";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import { RestClient } from "@datalayer/shared/kube/rest";
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

const access = loadAccess({ kubeconfigYaml: JSON.stringify(nowhere) });

/** An API that nobody calls but for its document, and what it was made of. */
interface Documented {
  api: App;
  close(): Promise<void>;
}

async function apiOfReplica(controller: string): Promise<Documented> {
  const { createReplica } = (await moduleOf(controller, "replica.ts")) as Described["replica"];
  const config = (await moduleOf(controller, "config.ts")) as Described["config"];
  const { createApi } = (await moduleOf(controller, "http/api.ts")) as Described["api"];
  const metrics = createMetrics({ controller });
  const settings = config.settings.parse({ DATALAYER_OPERATOR_API_KEY: "no-request-is-made" });
  const common = { settings, version: packageJson.version, log: silentLogger };
  const replica = await createReplica({ ...common, access, metrics });
  const { caches, health } = replica;
  const api = replica.api ?? (await createApi({ ...common, ...caches, health, registry: metrics.registry }));
  return {
    api,
    close: async () => {
      await replica.close();
      metrics.stop();
    },
  };
}

/** One that is made of little more than a client and a cache. */
async function apiOfParts(controller: string): Promise<Documented> {
  const { createApi } = (await moduleOf(controller, "http/api.ts")) as Described["api"];
  const metrics = createMetrics({ controller });
  const client = new RestClient({ access, userAgent: "openapi", fieldManager: "openapi" });
  const images = new InformerSet({ kind: Image, client, namespaces: ["*"], log: silentLogger });
  const api = await createApi({
    client,
    images,
    buildSecrets: { packageSourcesSecret: "package-sources" },
    apiKeys: () => ["no-request-is-made"],
    health: new Health(),
    version: packageJson.version,
    log: silentLogger,
    registry: metrics.registry,
  });
  return {
    api,
    close: async () => {
      await client.close();
      metrics.stop();
    },
  };
}

async function documentOf({ api, close }: Documented, prefix: string): Promise<string> {
  const answer = await api.inject({ url: `${prefix}/openapi.json` });
  await api.close();
  await close();
  return answer.body;
}

/** How the API of each controller that has one is made, and where it is served. */
const documented: readonly [string, string, (controller: string) => Promise<Documented>][] = [
  ["runtime-controller", "/api/operator", apiOfReplica],
  ["route-controller", "/api/routes", apiOfReplica],
  ["image-controller", "/api/images", apiOfParts],
];

for (const [controller, prefix, apiOf] of documented)
  await settlePage(`openapi/${controller}.json`, await documentOf(await apiOf(controller), prefix));
