import { Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { label, runtimeApp } from "./names.ts";
import type { PodParts } from "./pod-parts.ts";

const mountPath = "/var/run/secrets/datalayer.io/token";

/** The Secret with the token of a runtime; it goes with its Pod. */
export function buildTokenSecret(pod: Pod, token: string): Manifest<Secret> {
  const { name, namespace, uid } = pod.metadata;
  return {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: {
      name: secretNameOf(name),
      namespace,
      labels: { [label.app]: runtimeApp },
      ownerReferences: [{ apiVersion: Pod.apiVersion, kind: Pod.kind, name, uid }],
    },
    immutable: true,
    data: { token: Buffer.from(token).toString("base64") },
  };
}

/** How Jupyter finds its token: in a file, because a variable would wait for the Secret much longer. */
export function tokenParts(podName: string): PodParts {
  return {
    volumes: [{ name: "token", secret: { secretName: secretNameOf(podName), defaultMode: 0o440 } }],
    volumeMounts: [{ name: "token", mountPath, readOnly: true }],
    env: [{ name: "DATALAYER_JUPYTER_TOKEN_FILE", value: `${mountPath}/token` }],
  };
}

function secretNameOf(podName: string): string {
  return `${podName}-token`;
}
