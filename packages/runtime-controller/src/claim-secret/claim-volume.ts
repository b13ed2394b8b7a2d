import { annotation } from "../runtime/names.ts";
import type { PodParts } from "../runtime/pod-parts.ts";
import { claimSecretNameOf } from "./claim-secret.ts";

/** Where runtimes find what their claim brings. */
const mountPath = "/var/run/secrets/datalayer.io/claim";

/**
 * The volume in which a warm Pod waits for a claim. It shows which claim has the Pod and whether that claim brings
 * a Secret, and the entries of the Secret as files, once it is there. One volume for both: kubelet changes all files
 * at once.
 */
export function claimParts(podName: string): Required<Pick<PodParts, "volumes" | "volumeMounts" | "env">> {
  const fileOf = (path: string, name: string): { path: string; fieldRef: { fieldPath: string } } => {
    return { path, fieldRef: { fieldPath: `metadata.annotations['${name}']` } };
  };
  const items = [fileOf("claim-id", annotation.claimId), fileOf("brings-secret", annotation.bringsSecret)];
  const sources = [
    { downwardAPI: { items } },
    // Optional: it is only ever created when a claim owns the Pod.
    { secret: { name: claimSecretNameOf(podName), optional: true } },
  ];
  return {
    volumes: [{ name: "claim", projected: { defaultMode: 0o440, sources } }],
    volumeMounts: [{ name: "claim", mountPath, readOnly: true }],
    env: [{ name: "DATALAYER_CLAIM_DIR", value: mountPath }],
  };
}
