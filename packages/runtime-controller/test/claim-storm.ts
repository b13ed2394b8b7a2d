/**
 * Claims from two replicas of which one after the other is killed, while the leader refills the pool. The replicas
 * are processes of their own and get SIGKILL. The caller judges by the history of the Pods. (`bench soak` does it at
 * length, with the shipped bundle and the lease's own time.)
 */
import { randomUUID } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { Given } from "./pod-history.ts";
import { ReplicaProcess } from "./replica-process.ts";

/** How much is claimed, by whom, and how often a replica dies. */
export interface StormOptions {
  pool: string;
  namespace: string;
  kubeconfigPath: string;
  claims: number;
  /** How often a replica is killed: spread evenly over the claims. */
  kills: number;
  /** Callers at once. */
  callers: number;
  /** Called after each kill: a test may hurry the next election. */
  afterKill: (replica: string) => Promise<void>;
}

/** What the callers know when it is over. */
export interface StormResult {
  /** Every claim and the Pod it was told. */
  given: Given[];
  /** Those whose callers did not end their runtime. */
  kept: Given[];
  kills: number;
  /** Ends the replicas that are left. */
  stop(): Promise<void>;
}

/** One in five claims is sent to both replicas at once, one in ten runtimes is kept. */
const hedgedEvery = 5;
const keptEvery = 10;
const answerWithinMs = 120_000;

/** Makes the storm. @throws Error when a caller gets no runtime, or two for one key. */
export async function claimStorm(options: StormOptions): Promise<StormResult> {
  const fleet = new Fleet(options);
  await fleet.start();
  const given: Given[] = [];
  const kept: Given[] = [];
  const killings: Promise<void>[] = [];
  const claimsPerKill = Math.ceil(options.claims / (options.kills + 1));
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun < options.claims) {
      const number = begun++;
      const one = await claimOnce(number, fleet, options);
      given.push(one);
      if (given.length % claimsPerKill === 0 && given.length < options.claims)
        killings.push(fleet.killNext());
      if (number % keptEvery === 0) kept.push(one);
      else await end(one.podName, fleet);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.callers }, caller));
  } finally {
    await Promise.all(killings);
  }
  return { given, kept, kills: fleet.kills, stop: () => fleet.stop() };
}

async function claimOnce(number: number, fleet: Fleet, { pool }: StormOptions): Promise<Given> {
  const claimant = `reservation-${number}`;
  const key = randomUUID();
  const body = { pool_name: pool, user_uid: `user-${number}`, reservation_id: claimant };
  const claim = (turn: number): Promise<string> =>
    persist(turn, async (which) => {
      const { status, body: answer } = await fleet.replica(which).ask("POST", "/runtimes", { body, key });
      if (status < 500 && status !== 201) throw new Refused(`${claimant}: ${status} ${answer.detail}`);
      return answer.runtime?.pod_name;
    });
  const turns = number % hedgedEvery === 0 ? [number, number + 1] : [number];
  const told = new Set(await Promise.all(turns.map(claim)));
  const [podName = "", ...others] = told;
  if (others.length > 0) throw new Error(`${claimant} was told ${[...told].join(" and ")} for one key`);
  return { claimant, podName };
}

async function end(podName: string, fleet: Fleet): Promise<void> {
  await persist(0, async (turn) => {
    const { status } = await fleet.replica(turn).ask("DELETE", `/runtimes/${podName}`);
    // 404: the attempt whose answer was lost has done it.
    return status === 200 || status === 404 ? true : undefined;
  });
}

/** A definite answer that no repetition changes. */
class Refused extends Error {
  override readonly name = "Refused";
}

/** Asks one replica after the other until there is a result. */
async function persist<Result>(
  first: number,
  attempt: (turn: number) => Promise<Result | undefined>,
): Promise<Result> {
  let turn = first;
  const asked = (): Promise<{ result: Result } | { refused: Refused } | undefined> =>
    attempt(turn++).then(
      (result) => (result === undefined ? undefined : { result }),
      (error: unknown) => (error instanceof Refused ? { refused: error } : undefined),
    );
  const end = await eventually(asked, {
    timeoutMs: answerWithinMs,
    intervalMs: 200,
    message: "a definite answer of a replica",
  });
  if ("refused" in end) throw end.refused;
  return end.result;
}

/** Two replicas; who is killed comes back under a new name. */
class Fleet {
  kills = 0;
  readonly #options: StormOptions;
  #replicas: ReplicaProcess[] = [];
  #started = 0;
  #killing = Promise.resolve();

  constructor(options: StormOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#replicas = await Promise.all([this.#launch(), this.#launch()]);
  }

  replica(turn: number): ReplicaProcess {
    return this.#replicas[turn % this.#replicas.length]!;
  }

  /** Kills the replica whose turn it is, and starts another in its place; never both at once. */
  killNext(): Promise<void> {
    this.#killing = this.#killing.then(async () => {
      const index = this.kills++ % this.#replicas.length;
      const doomed = this.#replicas[index]!;
      await doomed.kill();
      await this.#options.afterKill(doomed.name);
      this.#replicas[index] = await this.#launch();
    });
    return this.#killing;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.kill()));
  }

  #launch(): Promise<ReplicaProcess> {
    return ReplicaProcess.start({ ...this.#options, name: `storm-${this.#started++}` });
  }
}
