import { setTimeout as delay } from "node:timers/promises";
import { ClaimClient } from "./claim-client.ts";
import { ControllerProcess, newApiKey } from "./controller-process.ts";

/** One replica and the way to it. */
interface Replica {
  controller: ControllerProcess;
  claims: ClaimClient;
}

const names = ["bench-a", "bench-b"];
const betweenKillsMs = 3_000;
/** The other replica lives long enough meanwhile to take over the lease, which lasts 15 s, and to refill. */
const killsInARow = 8;

/** Two replicas of the controller, of which one is killed again and again. */
export class Replicas {
  readonly #kubeconfig: string;
  readonly #apiKey = newApiKey();
  #replicas: Replica[] = [];
  #kills = 0;

  /** @param kubeconfig - text of the kubeconfig that both get. */
  constructor(kubeconfig: string) {
    this.#kubeconfig = kubeconfig;
  }

  async start(): Promise<void> {
    this.#replicas = await Promise.all(names.map((name) => this.#launch(name)));
  }

  /** How often a replica was killed. */
  get kills(): number {
    return this.#kills;
  }

  /** The way to the replica that is meant to serve the `turn`-th attempt of a caller. */
  client(turn: number): ClaimClient {
    return this.#replicas[turn % this.#replicas.length]!.claims;
  }

  /** Kills one replica several times, each time once it is back, then the other, and so on until the signal. */
  async killInTurn(signal: AbortSignal): Promise<void> {
    while (await passed(betweenKillsMs, signal)) {
      const index = Math.floor(this.#kills++ / killsInARow) % this.#replicas.length;
      const { controller, claims } = this.#replicas[index]!;
      await controller.kill();
      await claims.close();
      this.#replicas[index] = await this.#launch(names[index]!);
    }
  }

  async stop(): Promise<void> {
    for (const { controller, claims } of this.#replicas) {
      await claims.close();
      await controller.stop();
    }
  }

  async #launch(name: string): Promise<Replica> {
    const apiKey = this.#apiKey;
    const controller = await ControllerProcess.start({ name, kubeconfig: this.#kubeconfig, apiKey });
    return { controller, claims: new ClaimClient({ url: controller.url, apiKey, connections: 64 }) };
  }
}

/** False when the signal came first. */
async function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
