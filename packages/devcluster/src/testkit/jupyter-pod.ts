import type { V1Pod, V1Secret } from "@kubernetes/client-node";

/** What a test Pod with a Jupyter server is called and serves. */
export interface JupyterPodOptions {
  name: string;
  baseUrl: string;
  image: string;
}

/** The Secret with the token of such a Pod. */
export function tokenSecret(name: string, token: string): V1Secret {
  return { metadata: { name }, stringData: { token } };
}

/** A Pod with a Jupyter server, as locked down as a runtime: not root, its root read-only, its token in a file. */
export function jupyterPod({ name, baseUrl, image }: JupyterPodOptions): V1Pod {
  const tokenDir = "/var/run/secrets/datalayer";
  return {
    metadata: { name, labels: { app: name } },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 100, fsGroup: 100 },
      containers: [
        {
          name: "jupyter",
          image,
          env: [
            { name: "DATALAYER_JUPYTER_BASE_URL", value: baseUrl },
            { name: "DATALAYER_JUPYTER_TOKEN_FILE", value: `${tokenDir}/token` },
          ],
          ports: [{ name: "jupyter", containerPort: 2300 }],
          readinessProbe: { tcpSocket: { port: "jupyter" }, periodSeconds: 1 },
          securityContext: {
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [
            { name: "token", mountPath: tokenDir, readOnly: true },
            { name: "home", mountPath: "/home/datalayer" },
            { name: "tmp", mountPath: "/tmp" },
          ],
        },
      ],
      volumes: [
        { name: "token", secret: { secretName: name, defaultMode: 0o440 } },
        { name: "home", emptyDir: {} },
        { name: "tmp", emptyDir: {} },
      ],
    },
  };
}
