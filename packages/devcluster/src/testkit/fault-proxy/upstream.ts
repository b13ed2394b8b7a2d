import type { OutgoingHttpHeaders } from "node:http";
import type { RequestOptions } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { KubeConfig } from "@kubernetes/client-node";
import { Pool, type Dispatcher } from "undici";

/** A request to pass on; the body is complete, so that its Content-Length is always sent. */
export interface UpstreamCall {
  method: string;
  url: string;
  /** Flat list of names and values as received, hop-by-hop headers left out. */
  headers: string[];
  body: Buffer | undefined;
  signal?: AbortSignal | undefined;
}

/** The real API server, reached over connections that are kept alive. */
export interface Upstream {
  /** Token of the kubeconfig's user, for the clients' kubeconfigs; missing when the user has a certificate. */
  readonly token: string | undefined;
  /** Namespace of the kubeconfig's context. */
  readonly namespace: string | undefined;
  send(call: UpstreamCall): Promise<Dispatcher.ResponseData>;
  /** Opens a connection of its own, for upgrades; `authorized` tells whether the request has credentials. */
  dial(authorized: boolean): TLSSocket;
  close(): Promise<void>;
}

/**
 * Reads the kubeconfig's current context.
 * @throws Error when it has no current cluster.
 */
export async function openUpstream(kubeconfigPath: string): Promise<Upstream> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`kubeconfig ${kubeconfigPath} has no current context`);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  const trust = defined({ ca, rejectUnauthorized, servername });
  return new PooledUpstream({
    server: new URL(cluster.server),
    anonymous: trust,
    // A certificate would win over the token of a restricted client, so it only serves requests without one.
    certified: { ...trust, ...defined({ cert, key }) },
    token: bearerToken(options),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
  });
}

interface UpstreamOptions {
  server: URL;
  anonymous: object;
  certified: object;
  token: string | undefined;
  namespace: string | undefined;
}

class PooledUpstream implements Upstream {
  readonly token: string | undefined;
  readonly namespace: string | undefined;
  readonly #options: UpstreamOptions;
  readonly #anonymous: Pool;
  readonly #certified: Pool;

  constructor(options: UpstreamOptions) {
    this.token = options.token;
    this.namespace = options.namespace;
    this.#options = options;
    this.#anonymous = openPool(options.server, options.anonymous);
    this.#certified = openPool(options.server, options.certified);
  }

  async send(call: UpstreamCall): Promise<Dispatcher.ResponseData> {
    const pool = hasCredentials(call.headers) ? this.#anonymous : this.#certified;
    return pool.request({
      method: call.method,
      path: call.url,
      headers: call.headers,
      body: call.body ?? null,
      signal: call.signal,
    });
  }

  dial(authorized: boolean): TLSSocket {
    const { server, anonymous, certified } = this.#options;
    const port = Number(server.port === "" ? 443 : server.port);
    return connect({ host: server.hostname, port, ...(authorized ? anonymous : certified) });
  }

  async close(): Promise<void> {
    await Promise.all([this.#anonymous.destroy(), this.#certified.destroy()]);
  }
}

/** Time limits are the client's business: a watch may be silent for as long as it likes. */
function openPool(server: URL, tls: object): Pool {
  return new Pool(server.origin, {
    connect: tls,
    allowH2: false,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 60_000,
  });
}

function hasCredentials(headers: readonly string[]): boolean {
  return headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === "authorization");
}

function bearerToken({ headers }: RequestOptions): string | undefined {
  const value = (headers as OutgoingHttpHeaders | undefined)?.["Authorization"];
  return typeof value === "string" ? value.replace(/^Bearer /, "") : undefined;
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
