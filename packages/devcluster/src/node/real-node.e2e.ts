import type { CoreV1Api } from "@kubernetes/client-node";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster } from "../cluster/cluster.ts";
import { coreApi, workerLabels } from "../cluster/nodes.ts";
import type { DevCluster } from "../cluster/running.ts";
import { jupyterImage, registryAlias } from "../images/images.ts";
import { stderrProgress } from "../progress/progress.ts";
import { createObjects } from "../testkit/create-objects.ts";
import { eventually } from "../testkit/eventually.ts";
import { jupyterManifest } from "../testkit/jupyter-manifest.ts";

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
    const address = await startJupyter(cluster, { name: "jupyter", baseUrl, token: "open-sesame" });
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
    await startJupyter(cluster, { name: "routed", baseUrl, token: "open-sesame" });
    await createObjects(cluster.kubeconfigPath, routeManifest("routed", baseUrl));
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
      const pulling = 'imagePullPolicy: Always, command: ["true"]';
      await createObjects(cluster.kubeconfigPath, podManifest(name, `image: "${image}", ${pulling}`));
      await eventually(
        async () => (await api.readNamespacedPod({ namespace, name })).status?.phase === "Succeeded",
        { ...podTimeout, message: `Pod ${name} to have run` },
      );
    }
  });

  it("gives a Pod a volume that its group can write to", async () => {
    await createObjects(cluster.kubeconfigPath, writerManifest("writer"));
    const phase = await eventually(async () => {
      const { status } = await api.readNamespacedPod({ namespace, name: "writer" });
      return status?.phase === "Succeeded" || status?.phase === "Failed" ? status.phase : undefined;
    }, podTimeout);
    expect(phase).toBe("Succeeded");
  });

  it("says why an image cannot be pulled", async () => {
    const image = `${registryAlias}/datalayer/absent:dev`;
    await createObjects(cluster.kubeconfigPath, podManifest("absent", `image: "${image}"`));
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
  { kubeconfigPath }: DevCluster,
  options: { name: string; baseUrl: string; token: string },
): Promise<string> {
  const { name } = options;
  await createObjects(kubeconfigPath, jupyterManifest({ ...options, image: jupyterImage }));
  return eventually(
    async () => {
      const { status } = await coreApi(kubeconfigPath).readNamespacedPod({ namespace, name });
      const ready = status?.conditions?.some((entry) => entry.type === "Ready" && entry.status === "True");
      return ready === true ? status?.podIP : undefined;
    },
    { ...podTimeout, message: `Pod ${name} to be ready` },
  );
}

function podManifest(name: string, container: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: Never
  containers: [{ name: main, ${container} }]
`;
}

/** A Pod of a plain user that writes a file in a volume, with its claim. */
function writerManifest(name: string): string {
  return `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: Never
  securityContext: { runAsUser: 1000, runAsGroup: 100, fsGroup: 100 }
  containers:
    - name: main
      image: ${registryAlias}/datalayer/debian:bookworm
      command: [sh, -c, "echo kept >/data/file && cat /data/file"]
      volumeMounts: [{ name: data, mountPath: /data }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: ${name} } }]
`;
}

/** A Service for the Pod with the label `app: <name>`, and its route. */
function routeManifest(name: string, prefix: string): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 2300 }] }
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: ${name} }
spec:
  entryPoints: [web]
  routes: [{ kind: Rule, match: PathPrefix(\`${prefix}\`), services: [{ name: ${name}, port: 2300 }] }]
`;
}
