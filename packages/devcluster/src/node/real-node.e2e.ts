import { CustomObjectsApi, KubeConfig, type CoreV1Api } from "@kubernetes/client-node";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster } from "../cluster/cluster.ts";
import { coreApi, workerLabels } from "../cluster/nodes.ts";
import type { DevCluster } from "../cluster/running.ts";
import { jupyterImage, registryAlias } from "../images/images.ts";
import { stderrProgress } from "../progress/progress.ts";
import { eventually } from "../testkit/eventually.ts";
import { jupyterPod, tokenSecret } from "../testkit/jupyter-pod.ts";

const namespace = "default";
const podTimeout = { timeoutMs: 60_000, intervalMs: 100 };

describe("given a real node", () => {
  let cluster: DevCluster;
  let api: CoreV1Api;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: "real", progress: stderrProgress() });
    api = coreApi(cluster.kubeconfigPath);
  });

  afterAll(() => cluster.down());

  it("has one node, which is ready and labelled as a Datalayer worker", async () => {
    const { items } = await api.listNode();
    expect(items.map((node) => node.metadata?.labels)).toEqual([expect.objectContaining(workerLabels)]);
    const ready = items[0]?.status?.conditions?.find(({ type }) => type === "Ready");
    expect(ready?.status).toBe("True");
  });

  it("runs Jupyter, which answers to the token in its file and to no one else", async () => {
    const baseUrl = "/jupyter/server/p/x";
    const address = await startJupyter(api, { name: "jupyter", baseUrl, token: "open-sesame" });
    const url = `http://${address}:2300${baseUrl}/api/status`;
    const admitted = await request(url, { headers: { authorization: "token open-sesame" } });
    expect(admitted.statusCode).toBe(200);
    expect(await admitted.body.json()).toMatchObject({ kernels: 0 });
    for (const headers of [{}, { authorization: "token wrong" }]) {
      const refused = await request(url, { headers });
      await refused.body.dump();
      expect(refused.statusCode).toBe(403);
    }
  });

  it("serves a Pod through Traefik by an IngressRoute", async () => {
    const baseUrl = "/jupyter/server/p/routed";
    await startJupyter(api, { name: "routed", baseUrl, token: "open-sesame" });
    await api.createNamespacedService({
      namespace,
      body: { metadata: { name: "routed" }, spec: { selector: { app: "routed" }, ports: [{ port: 2300 }] } },
    });
    await createIngressRoute(cluster.kubeconfigPath, { name: "routed", prefix: baseUrl });
    const answer = await eventually(async () => {
      const { statusCode, body } = await request(`${cluster.traefik}${baseUrl}/api`);
      const text = await body.text();
      return statusCode === 200 ? text : undefined;
    });
    expect(JSON.parse(answer)).toHaveProperty("version");
  });

  it("pulls an image from the registry, by the alias and by the address", async () => {
    for (const [name, registry] of Object.entries({ alias: registryAlias, address: cluster.registry })) {
      const image = `${registry}/datalayer/debian:bookworm`;
      const container = { name: "main", image, imagePullPolicy: "Always", command: ["true"] };
      await api.createNamespacedPod({
        namespace,
        body: { metadata: { name }, spec: { restartPolicy: "Never", containers: [container] } },
      });
      await eventually(
        async () => (await api.readNamespacedPod({ namespace, name })).status?.phase === "Succeeded",
        { ...podTimeout, message: `Pod ${name} to have run` },
      );
    }
  });

  it("says why an image cannot be pulled", async () => {
    const image = `${registryAlias}/datalayer/absent:dev`;
    await api.createNamespacedPod({
      namespace,
      body: { metadata: { name: "absent" }, spec: { containers: [{ name: "main", image }] } },
    });
    const waiting = await eventually(async () => {
      const pod = await api.readNamespacedPod({ namespace, name: "absent" });
      const state = pod.status?.containerStatuses?.[0]?.state?.waiting;
      return state?.reason === "ErrImagePull" || state?.reason === "ImagePullBackOff" ? state : undefined;
    }, podTimeout);
    expect(waiting.message).toContain("not found");
  });
});

/** Starts a Jupyter server and resolves with the address of its Pod once it is ready. */
async function startJupyter(
  api: CoreV1Api,
  options: { name: string; baseUrl: string; token: string },
): Promise<string> {
  const { name, baseUrl, token } = options;
  await api.createNamespacedSecret({ namespace, body: tokenSecret(name, token) });
  await api.createNamespacedPod({ namespace, body: jupyterPod({ name, baseUrl, image: jupyterImage }) });
  return eventually(
    async () => {
      const { status } = await api.readNamespacedPod({ namespace, name });
      const ready = status?.conditions?.some((entry) => entry.type === "Ready" && entry.status === "True");
      return ready === true ? status?.podIP : undefined;
    },
    { ...podTimeout, message: `Pod ${name} to be ready` },
  );
}

async function createIngressRoute(kubeconfigPath: string, route: { name: string; prefix: string }) {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const { name, prefix } = route;
  await config.makeApiClient(CustomObjectsApi).createNamespacedCustomObject({
    group: "traefik.io",
    version: "v1alpha1",
    namespace,
    plural: "ingressroutes",
    body: {
      apiVersion: "traefik.io/v1alpha1",
      kind: "IngressRoute",
      metadata: { name },
      spec: {
        entryPoints: ["web"],
        routes: [{ kind: "Rule", match: `PathPrefix(\`${prefix}\`)`, services: [{ name, port: 2300 }] }],
      },
    },
  });
}
