import type { ProxiedClient } from "@datalayer/devcluster/testkit/fault-proxy";
import type { Metrics } from "../../metrics/registry.ts";
import type { ElectionEnd } from "../leader-election.ts";
import type { Replica } from "../replica.ts";

/** A replica in the process of the test: it has its own way to the API server, caches, election and metrics. */
export class TestReplica<R extends Replica> {
  readonly name: string;
  readonly replica: R;
  /** Its way to the API server: `partition()`, `heal()`. */
  readonly link: ProxiedClient;
  readonly metrics: Metrics;
  /** How its part in the election ended. */
  readonly ended: Promise<ElectionEnd>;
  readonly #running = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(link: ProxiedClient, replica: R, metrics: Metrics) {
    this.name = link.name;
    this.link = link;
    this.replica = replica;
    this.metrics = metrics;
    this.ended = replica.run(this.#running.signal);
  }

  /** Whether it was told to end. */
  get isOver(): boolean {
    return this.#stopped !== undefined;
  }

  /** Ends it as SIGTERM would: requests are finished, the lease is given back. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  /**
   * Ends it as SIGKILL would, as far as the cluster can see: nothing that it sends reaches the API server any
   * more, the lease stays as it is, and who waits for an answer waits in vain.
   */
  kill(): Promise<void> {
    this.link.partition("reset");
    this.#running.abort();
    this.metrics.stop();
    this.#stopped = Promise.resolve();
    return this.#stopped;
  }

  /** Finishes what others wait for. */
  protected drain(): Promise<void> {
    return Promise.resolve();
  }

  async #end(): Promise<void> {
    this.replica.health.shutDown();
    await this.drain();
    this.#running.abort();
    await this.ended;
    await this.replica.close();
    this.metrics.stop();
  }
}
