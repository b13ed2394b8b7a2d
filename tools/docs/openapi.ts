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
  replica: {
    createReplica: (options: object) => Promise<{ api: App; close(): Promise<void> }>;
  };
  config: { settings: { parse(env: Record<string, string>): unknown } };
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

async function documentOf(controller: string, version: string): Promise<string> {
  const { createReplica } = (await moduleOf(controller, "replica.ts")) as Described["replica"];
  const { settings } = (await moduleOf(controller, "config.ts")) as Described["config"];
  const metrics = createMetrics({ controller });
  const replica = await createReplica({
    settings: settings.parse({ DATALAYER_OPERATOR_API_KEY: "no-request-is-made" }),
    access: loadAccess({ kubeconfigYaml: JSON.stringify(nowhere) }),
    version,
    log: silentLogger,
    metrics,
  });
  const answer = await replica.api.inject({ url: "/api/operator/openapi.json" });
  await replica.api.close();
  await replica.close();
  metrics.stop();
  return answer.body;
}

await settlePage(
  "openapi/runtime-controller.json",
  await documentOf("runtime-controller", packageJson.version),
);
