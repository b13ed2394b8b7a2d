import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ClientPort, Partition } from "./client-port.ts";

/** One client's way to the API server. */
export interface ProxiedClient {
  readonly name: string;
  readonly port: number;
  /** URL of the client's port. */
  readonly server: string;
  /** PEM text of the certificate to trust. */
  readonly ca: string;
  readonly kubeconfigYaml: string;
  /** File with the same text, removed when the proxy closes. */
  readonly kubeconfigPath: string;
  /**
   * Cuts the client off. "hang" (default): connections stay open and nothing passes; requests wait for `heal()`
   * and are lost if their client has gone by then. "reset": connections are reset and refused.
   */
  partition(how?: Partition): void;
  /** Ends the partition. */
  heal(): void;
}

/** What a client's kubeconfig says. */
export interface ClientAccess {
  name: string;
  ca: string;
  token: string | undefined;
  namespace: string | undefined;
  directory: string;
}

/** Listens for the client and writes its kubeconfig. */
export async function openClient(clientPort: ClientPort, access: ClientAccess): Promise<ProxiedClient> {
  const { name, ca } = access;
  const port = await clientPort.listen();
  const server = `https://127.0.0.1:${port}`;
  const kubeconfigYaml = renderKubeconfig(server, access);
  const kubeconfigPath = join(access.directory, `${name}-${port}.yaml`);
  await writeFile(kubeconfigPath, kubeconfigYaml, { mode: 0o600 });
  return {
    name,
    port,
    server,
    ca,
    kubeconfigYaml,
    kubeconfigPath,
    partition: (how = "hang") => clientPort.partition(how),
    heal: () => clientPort.heal(),
  };
}

function renderKubeconfig(server: string, { name, ca, token, namespace }: ClientAccess): string {
  const cluster = { server, "certificate-authority-data": Buffer.from(ca).toString("base64") };
  const context = { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster }],
    users: [{ name, user: token === undefined ? {} : { token } }],
    contexts: [{ name, context }],
  });
}
