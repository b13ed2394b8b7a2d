import type { Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { PodParts } from "./pod-parts.ts";
import { buildPodSecret } from "./pod-secret.ts";

const suffix = "token";
const mountPath = "/var/run/secrets/datalayer.io/token";

/** The Secret with the token of a runtime; it goes with its Pod. */
export function buildTokenSecret(pod: Pod, token: string): Manifest<Secret> {
  return buildPodSecret(pod, suffix, new Map([["token", token]]));
}

/** How Jupyter finds its token: in a file, because a variable would wait for the Secret much longer. */
export function tokenParts(podName: string): PodParts {
  return {
    volumes: [{ name: "token", secret: { secretName: `${podName}-${suffix}`, defaultMode: 0o440 } }],
    volumeMounts: [{ name: "token", mountPath, readOnly: true }],
    env: [{ name: "DATALAYER_JUPYTER_TOKEN_FILE", value: `${mountPath}/token` }],
  };
}
