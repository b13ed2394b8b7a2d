import type { Clock } from "@datalayer/shared/clock/clock";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { type Assignment, parseRuntime, type Runtime } from "../runtime/runtime.ts";
import { isClaimable } from "./candidates.ts";
import { ClaimError } from "./claim-error.ts";
import { claimPatch } from "./claim-patch.ts";
import { verdictOf } from "./verdict.ts";

/** How an attempt at one Pod ended: with the Pod ours, or with the Pod as somebody else left it. */
export type Attempt = { kind: "won"; pod: Pod } | { kind: "lost"; pod?: Pod };

/** An attempt that ended without a definite answer: the patch may still be carried out. */
export class UndecidedAttempt extends Error {
  override readonly name = "UndecidedAttempt";
}

/** What an attempt needs. */
export interface AttemptContext {
  client: RestClient;
  clock: Clock;
  /** Time for a definite answer, in milliseconds. */
  decideWithinMs: number;
}

const resendAfterMs = 50;
// A connection may be dead without a sign: the next attempt goes over another.
const answerWithinMs = 2_000;

/**
 * Claims one Pod, and does not end before it knows whether it did.
 *
 * A patch without an answer may be held somewhere and carried out later. Going on to another Pod would then
 * give one claim two runtimes, so the same patch is sent to the same Pod until the answer is definite: the
 * claim id in it tells our own earlier write from another's.
 * @throws UndecidedAttempt when a patch may still be under way that the Pod would accept, now or later.
 * @throws ClaimError `invalid` when the API server refuses the values, `unavailable` when it certainly did
 *   not write but has no time for us.
 */
export async function attemptClaim(
  runtime: Runtime,
  assignment: Assignment,
  { client, clock, decideWithinMs }: AttemptContext,
): Promise<Attempt> {
  const operations = claimPatch(runtime, assignment);
  const deadline = clock.monotonicMs() + decideWithinMs;
  let mayBeWritten = false;
  for (;;) {
    try {
      const remainingMs = Math.max(resendAfterMs, deadline - clock.monotonicMs());
      const timeoutMs = Math.min(answerWithinMs, remainingMs);
      return { kind: "won", pod: await client.patch(Pod, runtime, operations, { timeoutMs }) };
    } catch (error) {
      mayBeWritten ||= verdictOf(error) === "ambiguous";
      const attempt = await afterFailure(error, runtime, assignment, client).catch((cause: unknown) => {
        throw mayBeWritten && !(cause instanceof ClaimError) ? undecided(runtime, cause) : cause;
      });
      if (attempt !== "again") return definite(attempt, runtime, mayBeWritten);
      const waitMs = Math.max(resendAfterMs, pauseAskedFor(error));
      if (clock.monotonicMs() + waitMs >= deadline) throw outOfTime(runtime, mayBeWritten, error);
      await clock.sleep(waitMs);
    }
  }
}

/** A Pod that is not free now may become free again, and then a patch that was held would take it. */
function definite(attempt: Attempt, runtime: Runtime, mayBeWritten: boolean): Attempt {
  if (!mayBeWritten || attempt.kind === "won" || !attempt.pod) return attempt;
  const now = parseRuntime(attempt.pod);
  const isOver = !now || now.assignment !== undefined || now.terminating;
  if (!isOver) throw undecided(runtime, undefined);
  return attempt;
}

/** The time that a server without capacity asks for, in milliseconds. */
function pauseAskedFor(error: unknown): number {
  return error instanceof ApiError && error.isThrottled ? (error.retryAfterMs ?? 0) : 0;
}

async function afterFailure(
  error: unknown,
  runtime: Runtime,
  assignment: Assignment,
  client: RestClient,
): Promise<Attempt | "again"> {
  switch (verdictOf(error)) {
    case "gone":
      return { kind: "lost" };
    case "refused":
      return await readVerdict(error, runtime, assignment, client);
    case "invalid":
      throw new ClaimError("invalid", causesOf(error), { cause: error });
    case "fault":
      throw error;
    case "busy":
    case "ambiguous":
      return "again";
  }
}

/** A refused patch, explained by the Pod itself. */
async function readVerdict(
  refusal: unknown,
  runtime: Runtime,
  assignment: Assignment,
  client: RestClient,
): Promise<Attempt | "again"> {
  const pod = await client.get(Pod, runtime).catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    return "unread" as const;
  });
  if (pod === "unread") return "again";
  const now = pod && parseRuntime(pod);
  if (!now || now.uid !== runtime.uid) return { kind: "lost" };
  if (now.assignment?.claimId === assignment.claimId) return { kind: "won", pod: now.pod };
  if (isClaimable(now) && looksAlike(now, runtime)) throw refusal;
  return { kind: "lost", pod: now.pod };
}

// A Pod that passes every test and is still refused means that the patch itself is wrong.
function looksAlike(now: Runtime, then: Runtime): boolean {
  const owners = (runtime: Runtime): string => JSON.stringify(runtime.pod.metadata.ownerReferences ?? []);
  const finalizers = (runtime: Runtime): string => JSON.stringify(runtime.pod.metadata.finalizers ?? []);
  return (
    now.restarts === then.restarts &&
    now.pod.status?.podIP === then.pod.status?.podIP &&
    owners(now) === owners(then) &&
    finalizers(now) === finalizers(then)
  );
}

function outOfTime(runtime: Runtime, mayBeWritten: boolean, cause: unknown): Error {
  if (mayBeWritten) return undecided(runtime, cause);
  const message = `no time for the claim of Pod ${runtime.namespace}/${runtime.name}`;
  const retryAfterMs = Math.max(1_000, pauseAskedFor(cause));
  return new ClaimError("unavailable", message, { cause, retryAfterMs });
}

function undecided({ namespace, name }: Runtime, cause: unknown): UndecidedAttempt {
  return new UndecidedAttempt(`no definite answer to the claim of Pod ${namespace}/${name}`, { cause });
}

function causesOf(error: unknown): string {
  const causes = error instanceof ApiError ? (error.details?.causes ?? []) : [];
  return causes.map(({ field, message }) => `${field ?? "value"}: ${message ?? "refused"}`).join("; ");
}
