import { lookup } from "node:dns/promises";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { Logger } from "@datalayer/shared/log/logger";
import {
  type ActivityReport,
  activityReportSchema,
  clientIdleMsOf,
} from "@datalayer/shared/runtime/activity";
import type { Runtime } from "../runtime/runtime.ts";
import type { Routing } from "../runtime-route/routing.ts";
import { boundedText } from "./bounded-text.ts";

/** Where the runtime gateway is asked, and for which runtimes. */
export interface GatewayActivityOptions {
  /** Of the Service that has all replicas behind its name: each of its addresses is asked. Undefined: nobody is. */
  url: string | undefined;
  apiKey: () => string;
  routing: Pick<Routing, "isByGateway">;
  clock: Clock;
  log: Logger;
}

const timeoutMs = 3_000;
/** One question serves all runtimes that are asked for in this time. */
const freshMs = 2_000;
const longestBodyBytes = 4 * 1_048_576;

/** What the replicas of the runtime gateway saw of the use of runtimes by their clients. */
export class GatewayActivity {
  readonly #options: GatewayActivityOptions;
  #last: { askedAtMs: number; reports: Promise<ActivityReport[]> } | undefined;
  #isKnown = true;

  constructor(options: GatewayActivityOptions) {
    this.#options = options;
  }

  /**
   * For how long no client has used the runtime through the gateway, in milliseconds. Undefined when that is not
   * known: its URL does not lead through the gateway, or one of the replicas did not answer.
   */
  async clientIdleMs(runtime: Runtime): Promise<number | undefined> {
    const { url, routing, log } = this.#options;
    if (url === undefined || !routing.isByGateway(runtime)) return undefined;
    try {
      const reports = await this.#reports(url);
      this.#isKnown = true;
      return clientIdleMsOf(reports, runtime.uid);
    } catch (error) {
      if (this.#isKnown) log.warn("the use of runtimes through the gateway is not known", { error, url });
      this.#isKnown = false;
      return undefined;
    }
  }

  #reports(url: string): Promise<ActivityReport[]> {
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#last || nowMs - this.#last.askedAtMs >= freshMs)
      this.#last = { askedAtMs: nowMs, reports: this.#askAll(new URL(url)) };
    return this.#last.reports;
  }

  async #askAll({ hostname, port }: URL): Promise<ActivityReport[]> {
    const replicas = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true });
    return Promise.all(
      replicas.map(({ address, family }) => {
        const host = family === 6 ? `[${address}]` : address;
        return this.#ask(`http://${host}:${port === "" ? "80" : port}/api/operator/v1/activity`);
      }),
    );
  }

  async #ask(url: string): Promise<ActivityReport> {
    const response = await fetch(url, {
      headers: { "x-api-key": this.#options.apiKey() },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await boundedText(response, longestBodyBytes);
    if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}`);
    return activityReportSchema.parse(JSON.parse(text));
  }
}
