import { readFile } from "node:fs/promises";
import type { ConnectionOptions } from "node:tls";
import { type KubeconfigContext, type KubeconfigSource, readContext } from "./kubeconfig.ts";

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
  /** The context of the kubeconfig; undefined in a Pod. */
  readonly context?: string;
  /** The namespace of the context or of the Pod we run in. */
  readonly namespace?: string;
  /**
   * The credentials of now. Files are read again every ten seconds, the kubeconfig when `rejected` says that the
   * server refused the last ones; exec and OIDC plugins run when theirs expire. While reading fails, the last good
   * ones stay in use.
   */
  credentials(rejected?: Credentials): Promise<Credentials>;
}

const REFRESH_MS = 10_000;

/**
 * Finds the cluster: in the given kubeconfig; else, by the given environment, as kubectl does (`$KUBECONFIG`,
 * `~/.kube/config`), else in the Pod we run in.
 *
 * @throws Error when there is none, or the context does not exist.
 */
export function loadAccess(source: KubeconfigSource): ClusterAccess {
  return new KubeconfigAccess(source);
}

class KubeconfigAccess implements ClusterAccess {
  readonly server: string;
  readonly context: string | undefined;
  readonly namespace: string | undefined;
  readonly #source: KubeconfigSource;
  /** The credentials of now, from where the kubeconfig says that they are. */
  #read: () => Promise<Credentials>;
  #latest: Promise<Credentials> | undefined;
  #good: Credentials | undefined;
  #readAtMs = 0;

  constructor(source: KubeconfigSource) {
    const context = readContext(source);
    this.server = context.cluster.server;
    this.context = context.name;
    this.namespace = context.namespace;
    this.#source = source;
    this.#read = reader(context, source);
  }

  credentials(rejected?: Credentials): Promise<Credentials> {
    if (rejected && rejected === this.#good) {
      this.#good = undefined;
      this.#latest = undefined;
      this.#read = reader(readContext(this.#source), this.#source);
    }
    if (!this.#latest || performance.now() - this.#readAtMs > REFRESH_MS) {
      this.#readAtMs = performance.now();
      this.#latest = this.#refresh(this.#good);
    }
    return this.#latest;
  }

  async #refresh(previous: Credentials | undefined): Promise<Credentials> {
    try {
      const next = await this.#read();
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

function reader(context: KubeconfigContext, source: KubeconfigSource): () => Promise<Credentials> {
  const { exec, "auth-provider": provider } = context.user;
  if (!exec && !provider) return () => plainCredentials(context);
  let plugin: Promise<() => Promise<Credentials>> | undefined;
  return async () => {
    plugin ??= import("./plugin-credentials.ts").then((module) => module.pluginCredentials(source));
    return (await plugin)();
  };
}

async function plainCredentials({ cluster, user }: KubeconfigContext): Promise<Credentials> {
  const token = user.tokenFile ? (await readFile(user.tokenFile, "utf8")).trim() : user.token;
  const basic = user.username && Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64");
  return {
    headers: {
      ...(basic && { Authorization: `Basic ${basic}` }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(user.as && { "Impersonate-User": user.as }),
    },
    tls: {
      ca: await pem(cluster["certificate-authority-data"], cluster["certificate-authority"]),
      cert: await pem(user["client-certificate-data"], user["client-certificate"]),
      key: await pem(user["client-key-data"], user["client-key"]),
      rejectUnauthorized: cluster["insecure-skip-tls-verify"] ? false : undefined,
      servername: cluster["tls-server-name"],
    },
  };
}

async function pem(base64: string | undefined, path: string | undefined): Promise<Buffer | undefined> {
  if (base64) return Buffer.from(base64, "base64");
  return path ? readFile(path) : undefined;
}

function sameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
