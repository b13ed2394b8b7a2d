import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import type { Credentials } from "./access.ts";
import type { KubeconfigSource } from "./kubeconfig.ts";

/**
 * The credentials of a user who has a plugin (exec, OIDC and other auth providers), which runs again when those
 * it gave have expired. A module of its own, loaded only where such a user is: client-node takes much memory.
 */
export function pluginCredentials(source: KubeconfigSource): () => Promise<Credentials> {
  const config = new KubeConfig();
  if (source.kubeconfigYaml) config.loadFromString(source.kubeconfigYaml);
  else if (source.kubeconfigPath) config.loadFromFile(source.kubeconfigPath);
  else config.loadFromDefault();
  if (source.context) config.setCurrentContext(source.context);
  return async () => {
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    const headers = { ...(options.headers as Record<string, string>) };
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    return { headers, tls: { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } };
  };
}
