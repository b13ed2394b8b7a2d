import type { Clock } from "@datalayer/shared/clock/clock";
import type { RuntimeActivity } from "@datalayer/shared/runtime/activity";
import { jupyterPort } from "@datalayer/shared/runtime/names";
import { Pool } from "undici";
import { OpenItems } from "./open-items.ts";
import type { RuntimePod } from "./runtime-pod.ts";

/** How runtimes are reached. */
export interface LinkOptions {
  /** How long a runtime may take until its answer begins. */
  responseTimeoutMs: number;
  /** How long an answer may be silent. */
  idleTimeoutMs: number;
  maxHeaderBytes: number;
  clock: Clock;
}

/** Something under way that ends with its runtime. */
export interface Ending {
  end(): void;
}

/** Why what was under way has ended: the Pod has, or its address is another. */
export class RuntimeGone extends Error {
  override readonly name = "RuntimeGone";
}

const connectTimeoutMs = 3_000;

/**
 * The connections to one Pod, and what was seen of its use. They are opened for its uid at its address and never
 * serve another: when either goes, all of them end.
 */
export class RuntimeLink {
  readonly #options: LinkOptions;
  readonly #open = new OpenItems<Ending>();
  #pod: RuntimePod;
  #connections: Pool | undefined;
  #lastUsedMs: number | undefined;

  constructor(pod: RuntimePod, options: LinkOptions) {
    this.#pod = pod;
    this.#options = options;
  }

  get pod(): RuntimePod {
    return this.#pod;
  }

  /**
   * Takes over a newer state of the same Pod. What is open stays open while it is not ready or terminates, until
   * its containers have stopped.
   */
  update(pod: RuntimePod): void {
    const hasMoved = this.#pod.address !== undefined && pod.address !== this.#pod.address;
    this.#pod = pod;
    if (pod.ended || hasMoved) this.end();
  }

  /** The connections to send a request over; undefined while the Pod takes none. */
  get connections(): Pool | undefined {
    const { address, ready, ended } = this.#pod;
    if (address === undefined || !ready || ended) return undefined;
    return (this.#connections ??= this.#connect(address));
  }

  /** Requests under way and open WebSockets. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Counts something as under way until the returned function is called; it ends with the runtime. */
  open(ending: Ending): () => void {
    return this.#open.add(ending);
  }

  /** Notes that a client uses the runtime now. */
  used(): void {
    this.#lastUsedMs = this.#options.clock.monotonicMs();
  }

  /** What was seen of its use; undefined when no client has used it. */
  get activity(): RuntimeActivity | undefined {
    if (this.#lastUsedMs === undefined) return undefined;
    return {
      ulid: this.#pod.ulid,
      pod_uid: this.#pod.uid,
      idle_ms: Math.round(this.#options.clock.monotonicMs() - this.#lastUsedMs),
      connections: this.#open.size,
    };
  }

  /** Ends all that is under way, and every connection. */
  end(): void {
    const connections = this.#connections;
    this.#connections = undefined;
    for (const ending of this.#open.all()) ending.end();
    void connections?.destroy(new RuntimeGone("the runtime has ended"));
  }

  #connect(address: string): Pool {
    const { responseTimeoutMs, idleTimeoutMs, maxHeaderBytes } = this.#options;
    const host = address.includes(":") ? `[${address}]` : address;
    return new Pool(`http://${host}:${jupyterPort}`, {
      // As many as there are requests under way, which are limited; each takes one request at a time.
      connections: null,
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      headersTimeout: responseTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
    });
  }
}
