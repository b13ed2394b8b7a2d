import type { Clock } from "@datalayer/shared/clock/clock";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { assignmentOf } from "../claim/assignment.ts";
import { ClaimError } from "../claim/claim-error.ts";
import type { ClaimRequest, ColdStart } from "../claim/claim-request.ts";
import { verdictOf } from "../claim/verdict.ts";
import { gatherTemplate, type TemplateSources } from "../runtime-pool/template.ts";
import { buildAssignedPod } from "../runtime/assigned-pod.ts";
import { derivedUlid } from "../runtime/derived-ulid.ts";
import { type Assignment, parseRuntime, type Runtime } from "../runtime/runtime.ts";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { ensurePodSecret } from "../runtime/pod-secret.ts";
import { buildTokenSecret } from "../runtime/token-secret.ts";
import { sizedPool, type SizeClass } from "./cold-size.ts";

/** What runtimes are created with. */
export interface ColdStarterOptions extends TemplateSources {
  client: RestClient;
  pods: ObjectReader<Pod>;
  tokens: RuntimeTokens;
  clock: Clock;
  classes: ReadonlyMap<string, SizeClass>;
  /** Time to become ready; then the runtime is ended. */
  startWithinMs: number;
  newUlid: () => string;
}

/** A claim whose runtime is created for it. */
export interface ColdClaim {
  request: ClaimRequest;
  coldStart: ColdStart;
  /** The pool that lends its placement and its name in the URL. */
  pool: RuntimePool;
  key?: string;
  bodySeal?: string;
}

const decideWithinMs = 5_000;
const resendAfterMs = 50;

/**
 * Creates runtimes for claims that want another size than the warm ones have.
 *
 * The Pod is POSTed once, with the whole assignment in it. With an Idempotency-Key its name follows from the key,
 * so that every repeat, on every replica, finds the same Pod; without an answer the same POST is sent again, and the
 * id of the claim tells our own Pod from another's.
 */
export class ColdStarter {
  readonly #options: ColdStarterOptions;

  constructor(options: ColdStarterOptions) {
    this.#options = options;
  }

  /**
   * Creates the runtime, which has not started yet; `mine` tells whether this very claim did.
   * @throws ClaimError when the size is not possible, the environment is not usable, or the cluster refuses.
   */
  async create(claim: ColdClaim): Promise<{ runtime: Runtime; mine: boolean }> {
    const { tokens, pods, clock, startWithinMs, newUlid } = this.#options;
    const { request, key, bodySeal } = claim;
    const { template, pool } = this.#templateOf(claim);
    const { environment } = template;
    const nowMs = clock.now();
    const assignment: Assignment = {
      ...assignmentOf(request, pool, { key, bodySeal, environment, nowMs }),
      startDeadline: Math.ceil((nowMs + startWithinMs) / 1000),
    };
    const ulid = key === undefined ? newUlid() : derivedUlid("cold-start", key);
    const identity = { ulid, tokenKeyId: await tokens.currentKeyId(), revision: template.revision };
    const pod = await this.#post(buildAssignedPod(template, identity, assignment), assignment);
    pods.recordWrite(pod);
    const runtime = parseRuntime(pod);
    if (!runtime) throw new Error(`Pod ${pod.metadata.name} was created as a runtime and is none`);
    await this.#equip(runtime);
    return { runtime, mine: runtime.assignment?.claimId === assignment.claimId };
  }

  #templateOf({ pool, request, coldStart }: ColdClaim) {
    const { environments, classes } = this.#options;
    const { namespace } = pool.metadata;
    const name = request.environment ?? pool.spec.environment ?? "";
    const environment = environments.get({ namespace, name });
    if (!environment) throw new ClaimError("not-found", `there is no environment "${name}"`);
    const sized = sizedPool(pool, environment, { coldStart, classes });
    const { template, fault } = gatherTemplate(sized, this.#options);
    if (fault) throw new ClaimError("unavailable", fault.message, { retryAfterMs: 60_000 });
    return { template, pool: sized };
  }

  /** Sends the POST until its answer is definite. */
  async #post(manifest: Manifest<Pod>, assignment: Assignment): Promise<Pod> {
    const { client, clock } = this.#options;
    const deadlineMs = clock.monotonicMs() + decideWithinMs;
    for (;;) {
      try {
        return await client.create(Pod, manifest, { timeoutMs: 2_000 });
      } catch (error) {
        if (error instanceof ApiError && error.isAlreadyExists)
          return await this.#found(manifest, assignment);
        refuseDefinite(error);
        if (clock.monotonicMs() >= deadlineMs) throw undecided(manifest, error);
        await clock.sleep(resendAfterMs);
      }
    }
  }

  /** The Pod of that name: from an earlier attempt of ours, or of another replica for the same key. */
  async #found(manifest: Manifest<Pod>, { claimId, claimKey }: Assignment): Promise<Pod> {
    const pod = await this.#options.client.get(Pod, manifest.metadata);
    const found = parseRuntime(pod);
    const { assignment } = found ?? {};
    const isOurs =
      assignment?.claimId === claimId || (claimKey !== undefined && assignment?.claimKey === claimKey);
    if (!isOurs || found?.terminating)
      throw new ClaimError("key-ended", "the runtime of this Idempotency-Key has ended");
    return pod;
  }

  /** Where this fails, the leading replica does it. */
  async #equip(runtime: Runtime): Promise<void> {
    const { client, tokens } = this.#options;
    const token = await tokens.of(runtime);
    await ensurePodSecret(client, buildTokenSecret(runtime.pod, token)).catch(() => undefined);
  }
}

/** @throws what a POST was refused with; returns where it may be sent again. */
function refuseDefinite(error: unknown): void {
  switch (verdictOf(error)) {
    case "busy":
    case "ambiguous":
      return;
    case "invalid":
    case "refused":
      throw new ClaimError("invalid", saidBy(error), { cause: error });
    case "gone":
    case "fault":
      throw new ClaimError("start-failed", `the cluster refuses the runtime: ${saidBy(error)}`, {
        cause: error,
        retryAfterMs: 30_000,
      });
  }
}

function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function undecided({ metadata }: Manifest<Pod>, cause: unknown): ClaimError {
  return new ClaimError("unavailable", `no definite answer to the creation of Pod ${metadata.name}`, {
    cause,
    retryAfterMs: 1_000,
  });
}
