import type {} from "@fastify/swagger"; // Declares `hide`, also where no API is served.
import type { FastifyInstance, FastifyReply } from "fastify";

/** Says what is wrong, or nothing. May also throw. */
export type HealthCheck = () => string | undefined | Promise<string | undefined>;

/** The state of one check. */
export interface CheckResult {
  name: string;
  /** Undefined when the check passed. */
  problem: string | undefined;
}

/** A check that has not answered by then has failed; the kubelet itself waits one second by default. */
const CHECK_TIMEOUT_MS = 900;

/**
 * The named checks behind `/livez` and `/readyz`. Liveness asks whether a restart would help: the loop turns,
 * the lease is not overdue; never whether others can be reached. Readiness asks whether requests may come.
 */
export class Health {
  readonly #live = new Map<string, HealthCheck>();
  readonly #ready = new Map<string, HealthCheck>();

  /** Adds a check to `/livez`; one of the same name is replaced. */
  addLiveness(name: string, check: HealthCheck): void {
    this.#live.set(name, check);
  }

  /** Adds a check to `/readyz`; one of the same name is replaced. */
  addReadiness(name: string, check: HealthCheck): void {
    this.#ready.set(name, check);
  }

  /** Turns readiness off for good, so that no new requests come while the process ends. */
  shutDown(): void {
    this.addReadiness("shutdown", () => "the process is shutting down");
  }

  /** Runs the liveness checks. */
  liveness(): Promise<CheckResult[]> {
    return runAll(this.#live);
  }

  /** Runs the readiness checks. */
  readiness(): Promise<CheckResult[]> {
    return runAll(this.#ready);
  }
}

/** Adds `/livez` and `/readyz` to an app, without key. `?verbose` lists the checks that pass, too. */
export function serveHealth(app: FastifyInstance, health: Health): void {
  const probes = { livez: () => health.liveness(), readyz: () => health.readiness() };
  for (const [name, run] of Object.entries(probes)) {
    app.get(`/${name}`, { config: { public: true }, schema: { hide: true } }, async (request, reply) => {
      const verbose = Object.hasOwn(request.query as object, "verbose");
      return answer(reply, { name, verbose, results: await run() });
    });
  }
}

/** The form Kubernetes' own components answer in. */
function answer(
  reply: FastifyReply,
  probe: { name: string; verbose: boolean; results: readonly CheckResult[] },
): FastifyReply {
  const failed = probe.results.some((result) => result.problem !== undefined);
  const lines = probe.results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  const verdict = failed ? `${probe.name} check failed` : `${probe.name} check passed`;
  const text = failed || probe.verbose ? [...lines, verdict].join("\n") : "ok";
  return reply
    .code(failed ? 503 : 200)
    .header("content-type", "text/plain; charset=utf-8")
    .header("cache-control", "no-store")
    .send(`${text}\n`);
}

function runAll(checks: ReadonlyMap<string, HealthCheck>): Promise<CheckResult[]> {
  return Promise.all([...checks].map(async ([name, check]) => ({ name, problem: await run(check) })));
}

async function run(check: HealthCheck): Promise<string | undefined> {
  const timer = Promise.withResolvers<string>();
  const timeout = setTimeout(
    () => timer.resolve(`no answer within ${CHECK_TIMEOUT_MS} ms`),
    CHECK_TIMEOUT_MS,
  );
  try {
    return await Promise.race([check(), timer.promise]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timeout);
  }
}
