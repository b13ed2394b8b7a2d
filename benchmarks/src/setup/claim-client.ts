import { Pool } from "undici";

/** What came back for a claim. */
export interface ClaimAnswer {
  /** HTTP status. */
  status: number;
  /** Set when a runtime was assigned. */
  podName?: string;
  durationMs: number;
}

/** Whose claim, and from which pool. */
export interface Claim {
  pool: string;
  user: string;
  /** The Idempotency-Key. */
  key: string;
}

/** How many runtimes a pool has, by state. */
export interface PoolCounts {
  desired: number;
  available: number;
  pending: number;
  assigned: number;
}

const prefix = "/api/operator/v1";

/** A caller of the controller's REST API, as the Jupyter service is one. */
export class ClaimClient {
  readonly #pool: Pool;
  readonly #apiKey: string;

  /** @param options - `connections`: kept at most; requests beyond that number wait for one. */
  constructor(options: { url: string; apiKey: string; connections: number }) {
    this.#pool = new Pool(options.url, { connections: options.connections, pipelining: 1 });
    this.#apiKey = options.apiKey;
  }

  /** Claims a runtime. Refusals are answers, too. @throws Error when there is no answer. */
  async claim({ pool, user, key }: Claim): Promise<ClaimAnswer> {
    const startMs = performance.now();
    const body = { pool_name: pool, user_uid: user, type: "notebook", reservation_id: `reservation-${user}` };
    const { status, json } = await this.#send("POST", "/runtimes", body, { "idempotency-key": key });
    const durationMs = performance.now() - startMs;
    const { runtime } = json as { runtime?: { pod_name: string } };
    return { status, durationMs, ...(runtime && { podName: runtime.pod_name }) };
  }

  /** Ends a runtime. */
  async end(podName: string): Promise<number> {
    return (await this.#send("DELETE", `/runtimes/${podName}`)).status;
  }

  /** Sets the size of a pool. */
  async resize(pool: string, size: number): Promise<void> {
    const { status, json } = await this.#send("POST", `/pools/${pool}/size`, { size });
    if (status !== 200) throw new Error(`pool ${pool} was not resized: ${status} ${JSON.stringify(json)}`);
  }

  /** The counts of every pool, by name. */
  async counts(): Promise<Map<string, PoolCounts>> {
    const { json } = await this.#send("GET", "/pools");
    const { pools } = json as { pools: (PoolCounts & { name: string })[] };
    return new Map(pools.map((pool) => [pool.name, pool]));
  }

  /** Opens this many connections, so that no claim pays for opening one. */
  async warmUp(connections: number): Promise<void> {
    await Promise.all(Array.from({ length: connections }, () => this.#send("GET", "/environments")));
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #send(
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: unknown }> {
    const answer = await this.#pool.request({
      method,
      path: `${prefix}${path}`,
      headers: {
        "x-api-key": this.#apiKey,
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, json: await answer.body.json() };
  }
}
