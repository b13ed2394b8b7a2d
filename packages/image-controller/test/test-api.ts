import { afterFile, testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import type { App } from "@datalayer/shared/http/app";
import { Health } from "@datalayer/shared/http/health";
import { loadAccess } from "@datalayer/shared/kube/access";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import { RestClient } from "@datalayer/shared/kube/rest";
import { silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import { settings } from "../src/config.ts";
import { createApi } from "../src/http/api.ts";
import { imageManifest, type PartialSpec } from "./builders.ts";
import { installKind } from "./install-kind.ts";

/** The key of the API in tests. */
export const apiKey = "key-for-tests-0123456789";

/** The REST API on the real API server, with a namespace for Images. */
export interface TestApi {
  admin: RestClient;
  namespace: string;
  api: App;
  /** Creates an Image, and waits until the API knows it. */
  create(name: string, spec?: PartialSpec): Promise<Image>;
  /** Waits until the API shows an object as it was written. */
  seen(image: Image): Promise<Image>;
  ask(method: "GET" | "POST", path: string): Promise<TestAnswer>;
}

/** What came back. */
export interface TestAnswer {
  status: number;
  text: string;
  body: Record<string, unknown>;
}

/** Starts it; ended after the test file. */
export async function startApi(cluster?: { kubeconfigPath: string }): Promise<TestApi> {
  const { kubeconfigPath } = cluster ?? (await useCluster());
  const access = loadAccess({ kubeconfigPath });
  const admin = new RestClient({ access, userAgent: "test", fieldManager: "test" });
  await installKind(admin);
  const namespace = await testNamespace({ kubeconfigPath });
  const watching = new AbortController();
  const images = new InformerSet({ kind: Image, client: admin, namespaces: [namespace], log: silentLogger });
  images.start(watching.signal);
  await images.synced();
  const metrics = createMetrics({ controller: "image-controller" });
  const api = await createApi({
    client: admin,
    images,
    settings: settings.parse({ DATALAYER_OPERATOR_API_KEY: apiKey }),
    health: new Health(),
    version: "0.0.0-test",
    log: silentLogger,
    registry: metrics.registry,
  });
  afterFile(async () => {
    await api.close();
    watching.abort();
    metrics.stop();
    await admin.close();
  });
  const seen = (image: Image): Promise<Image> =>
    eventually(
      () => {
        const found = images.get(image.metadata);
        return found?.metadata.resourceVersion === image.metadata.resourceVersion && found;
      },
      { message: `the cache showing Image ${image.metadata.name}` },
    );
  return {
    admin,
    namespace,
    api,
    seen,
    create: async (name, spec) => seen(await admin.create(Image, imageManifest(namespace, name, spec))),
    ask: async (method, path) => {
      const answer = await api.inject({
        method,
        url: `/api/images/v1${path}`,
        headers: { "x-api-key": apiKey },
      });
      const isJson = String(answer.headers["content-type"]).includes("json");
      const { statusCode: status, payload: text } = answer;
      return { status, text, body: isJson ? answer.json() : {} };
    },
  };
}

/** Gives an Image a status, as its controller does. */
export function reportImage(admin: RestClient, { metadata }: Image, value: Image["status"]): Promise<Image> {
  return admin.patch(Image, metadata, [{ op: "add", path: "/status", value }], { subresource: "status" });
}
