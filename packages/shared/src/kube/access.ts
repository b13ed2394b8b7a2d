import type { RequestOptions } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { KubeConfig } from "@kubernetes/client-node";

/** How to prove who we are, and how to recognise the server. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** The same object as long as nothing in it changed. */
  readonly tls: TlsMaterial;
}

/** Certificates and checks of the TLS connection. */
export type TlsMaterial = Readonly<
  Pick<ConnectionOptions, "ca" | "cert" | "key" | "pfx" | "passphrase" | "rejectUnauthorized" | "servername">
>;

/** Where the API server is and how to get in. */
export interface ClusterAccess {
  /** The URL of the API server; may carry a path. */
  readonly server: string;
  /** The namespace of the context or of the Pod we run in. */
  readonly namespace?: string;
  /**
   * The credentials of now. Files are read again every ten seconds (a ServiceAccount token at most a minute
   * later) and when `rejected` says that the server refused the last ones; exec and OIDC plugins run when
   * theirs expire. While reading fails, the last good ones stay in use.
   */
  credentials(rejected?: Credentials): Promise<Credentials>;
}

/** Where to look for the cluster; the first one given is used. */
export interface AccessOptions {
  kubeconfigYaml?: string;
  kubeconfigPath?: string;
  /** The context to use instead of the current one. */
  context?: string;
}

const REFRESH_MS = 10_000;
const NOTHING_FOUND = "http://localhost:8080";

/**
 * Finds the cluster: in the given kubeconfig, else as kubectl does (`$KUBECONFIG`, `~/.kube/config`), else in
 * the Pod we run in.
 *
 * @throws Error when there is none, or the context does not exist.
 */
export function loadAccess(options: AccessOptions = {}): ClusterAccess {
  return new KubeConfigAccess(() => readKubeConfig(options));
}

function readKubeConfig(options: AccessOptions): KubeConfig {
  const config = new KubeConfig();
  if (options.kubeconfigYaml) config.loadFromString(options.kubeconfigYaml);
  else if (options.kubeconfigPath) config.loadFromFile(options.kubeconfigPath);
  else config.loadFromDefault();
  if (options.context) config.setCurrentContext(options.context);
  return config;
}

class KubeConfigAccess implements ClusterAccess {
  readonly server: string;
  readonly namespace?: string;
  readonly #read: () => KubeConfig;
  #config: KubeConfig;
  #latest: Promise<Credentials> | undefined;
  #good: Credentials | undefined;
  #readAtMs = 0;

  constructor(read: () => KubeConfig) {
    this.#read = read;
    this.#config = read();
    this.server = serverOf(this.#config);
    this.namespace = this.#config.getContextObject(this.#config.getCurrentContext())?.namespace;
  }

  credentials(rejected?: Credentials): Promise<Credentials> {
    if (rejected && rejected === this.#good) {
      this.#good = undefined;
      this.#latest = undefined;
      this.#config = this.#read();
    }
    if (!this.#latest || performance.now() - this.#readAtMs > REFRESH_MS) {
      this.#readAtMs = performance.now();
      this.#latest = this.#refresh(this.#good);
    }
    return this.#latest;
  }

  async #refresh(previous: Credentials | undefined): Promise<Credentials> {
    try {
      const next = await credentialsOf(this.#config);
      this.#good = previous && sameTls(previous.tls, next.tls) ? { ...next, tls: previous.tls } : next;
      return this.#good;
    } catch (error) {
      // A mounted file is absent for a moment while it is rotated; a plugin may fail once.
      if (previous) return previous;
      this.#latest = undefined;
      throw error;
    }
  }
}

function serverOf(config: KubeConfig): string {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`kubeconfig has no cluster for the context "${config.getCurrentContext()}"`);
  if (cluster.server === NOTHING_FOUND) {
    throw new Error("no cluster found: set KUBECONFIG, write ~/.kube/config, or run in a Pod");
  }
  return cluster.server;
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const headers = { ...(options.headers as Record<string, string>) };
  if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  return { headers, tls: { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } };
}

function sameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
