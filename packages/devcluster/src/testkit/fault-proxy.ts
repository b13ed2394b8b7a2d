import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "./certificate.ts";
import { ClientPort, type PortContext } from "./fault-proxy/client-port.ts";
import { openClient, type ProxiedClient } from "./fault-proxy/proxied-client.ts";
import { RequestLog } from "./fault-proxy/request-log.ts";
import { RuleBook, type FaultHandle, type FaultRule } from "./fault-proxy/rules.ts";
import { openUpstream } from "./fault-proxy/upstream.ts";

export * from "./fault-proxy/acts.ts";
export type { ProxiedClient } from "./fault-proxy/proxied-client.ts";
export type { ProxiedRequest, RequestLog } from "./fault-proxy/request-log.ts";
export type { FaultHandle, FaultRule } from "./fault-proxy/rules.ts";

/** Settings of a client's way through the proxy. */
export interface ClientOptions {
  /** Bearer token of the client's kubeconfig; default that of the proxy's kubeconfig. */
  token?: string;
}

/**
 * An HTTPS proxy in front of a real API server that does to requests and watches what networks and servers do on
 * bad days, and records all of them. It belongs to tests: one port per client, so that replicas differ.
 */
export interface FaultProxy {
  /** The way of one client (a replica, say); made when the name is first asked for. */
  client(name: string, options?: ClientOptions): Promise<ProxiedClient>;
  /** Puts a rule in force. A request suffers every rule that strikes it: waits add up, the first loss or answer decides. */
  inject(rule: FaultRule): FaultHandle;
  /** Removes every rule; what they keep is let go. */
  clearFaults(): void;
  readonly log: RequestLog;
  /** Ends all connections at once; what is held never reaches the API server. */
  close(): Promise<void>;
}

/** Starts a proxy in front of the API server of the kubeconfig's current context. */
export async function startFaultProxy(options: { kubeconfigPath: string }): Promise<FaultProxy> {
  const closing = new AbortController();
  const upstream = await openUpstream(options.kubeconfigPath);
  return new RunningProxy(closing, {
    certificate: await makeCertificate({ ip: "127.0.0.1", name: "fault-proxy" }),
    upstream,
    rules: new RuleBook(),
    log: new RequestLog(),
    closing: closing.signal,
    directory: await mkdtemp(join(tmpdir(), "fault-proxy-")),
  });
}

class RunningProxy implements FaultProxy {
  readonly log: RequestLog;
  readonly #closing: AbortController;
  readonly #context: PortContext;
  readonly #clients = new Map<string, Promise<ProxiedClient>>();
  readonly #ports: ClientPort[] = [];

  constructor(closing: AbortController, context: PortContext) {
    this.log = context.log;
    this.#closing = closing;
    this.#context = context;
  }

  client(name: string, options: ClientOptions = {}): Promise<ProxiedClient> {
    const client = this.#clients.get(name) ?? this.#open(name, options);
    this.#clients.set(name, client);
    return client;
  }

  inject(rule: FaultRule): FaultHandle {
    const watches = this.#ports.flatMap((port) => [...port.watches]);
    return this.#context.rules.inject(rule, watches);
  }

  clearFaults(): void {
    this.#context.rules.clear();
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the fault proxy is closed"));
    await Promise.all(this.#ports.map((port) => port.close()));
    await this.#context.upstream.close();
    await rm(this.#context.directory, { recursive: true, force: true });
  }

  async #open(name: string, { token }: ClientOptions): Promise<ProxiedClient> {
    const { certificate, upstream, directory } = this.#context;
    const port = new ClientPort(name, this.#context);
    this.#ports.push(port);
    return openClient(port, {
      name,
      ca: certificate.cert,
      token: token ?? upstream.token,
      namespace: upstream.namespace,
      directory,
    });
  }
}
