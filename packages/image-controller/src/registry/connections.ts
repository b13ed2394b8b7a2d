import { createHash } from "node:crypto";
import { rootCertificates } from "node:tls";
import { guardedAgent } from "@datalayer/shared/http/guarded-agent";
import type { Agent } from "undici";

const limits = { connections: 16, pipelining: 1, maxHeaderSize: 64 * 1024, connectTimeoutMs: 10_000 };
/** Authorities that Images name: each set has connections of its own. */
const mostAuthorities = 64;

/** The connections to registries, none of which is this machine. */
export class Connections {
  readonly #plainHosts: ReadonlySet<string>;
  readonly #known = guardedAgent(limits);
  readonly #byAuthority = new Map<string, Agent>();

  /** @param plainHosts - hosts, with their ports, that are spoken to without TLS. */
  constructor(plainHosts: Iterable<string>) {
    this.#plainHosts = new Set(plainHosts);
  }

  /** Where a registry is asked: the API of the Docker Hub has another host than its name. */
  originOf(host: string): string {
    const scheme = this.isPlain(host) ? "http" : "https";
    return `${scheme}://${host === "docker.io" ? "registry-1.docker.io" : host}`;
  }

  /** Whether a registry is spoken to without TLS. */
  isPlain(host: string): boolean {
    return this.#plainHosts.has(host);
  }

  /** The connections that trust these authorities as well, as PEM. */
  agent(ca: string | undefined): Agent {
    if (ca === undefined) return this.#known;
    const key = createHash("sha256").update(ca).digest("hex");
    const agent = this.#byAuthority.get(key) ?? guardedAgent({ ...limits, ca: [...rootCertificates, ca] });
    // The order of the map is that of their last use.
    this.#byAuthority.delete(key);
    this.#byAuthority.set(key, agent);
    this.#dropOldest();
    return agent;
  }

  /** Ends them all. */
  async close(): Promise<void> {
    await Promise.all([this.#known, ...this.#byAuthority.values()].map((agent) => agent.destroy()));
  }

  #dropOldest(): void {
    for (const [key, agent] of this.#byAuthority) {
      if (this.#byAuthority.size <= mostAuthorities) return;
      this.#byAuthority.delete(key);
      void agent.close();
    }
  }
}
