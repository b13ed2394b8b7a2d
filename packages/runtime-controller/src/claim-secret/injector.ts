import type { Clock } from "@datalayer/shared/clock/clock";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { ClaimError } from "../claim/claim-error.ts";
import { verdictOf } from "../claim/verdict.ts";
import { annotation } from "../runtime/names.ts";
import { addEach } from "../runtime/pod-patch.ts";
import { ensurePodSecret } from "../runtime/pod-secret.ts";
import type { Assignment, Runtime } from "../runtime/runtime.ts";
import { buildClaimSecret, type Variables } from "./claim-secret.ts";

/** What is injected with. */
export interface InjectorOptions {
  client: RestClient;
  pods: ObjectReader<Pod>;
  clock: Clock;
  /** Time for each of the two writes to succeed, in milliseconds. */
  writeWithinMs?: number;
}

const resendAfterMs = 50;
const answerWithinMs = 2_000;

/**
 * Brings variables into a runtime that a claim has taken.
 *
 * Flow: the claim patch has announced a Secret; now the Secret is created; then an annotation on the Pod makes
 * kubelet look for it at once rather than within a minute or two.
 *
 * Guarantees: the Secret is created after the claim and for the claim's own Pod, so nobody else's runtime ever
 * shows it. Repeats write nothing twice: the Secret is immutable, and its name belongs to one claim for ever,
 * because a runtime is claimed once.
 */
export class Injector {
  readonly #options: Required<InjectorOptions>;

  constructor(options: InjectorOptions) {
    this.#options = { writeWithinMs: 5_000, ...options };
  }

  /**
   * Resolves when the Secret is there and kubelet will look for it. Does nothing without variables, and when it
   * was done before.
   * @throws ClaimError `injection-failed` when the cluster refuses, after which the runtime is of no use;
   *   `unavailable` when it has no definite answer, after which the same may be tried again.
   */
  async inject(runtime: Runtime & { assignment: Assignment }, variables: Variables): Promise<void> {
    const { assignment } = runtime;
    if (variables.size === 0 || isInjected(runtime)) return;
    const { client, pods } = this.#options;
    const secret = buildClaimSecret(runtime, assignment, variables);
    await this.#insist(runtime, async (timeoutMs) => {
      // Nobody else creates a Secret of that name: one that is there is of an earlier attempt, or another replica.
      await ensurePodSecret(client, secret, { timeoutMs });
    });
    const nudge = [
      { op: "test" as const, path: "/metadata/uid", value: runtime.uid },
      {
        op: "test" as const,
        path: pointer("metadata", "annotations", annotation.claimId),
        value: assignment.claimId,
      },
      ...addEach("annotations", { [annotation.injected]: "true" }),
    ];
    await this.#insist(runtime, async (timeoutMs) => {
      pods.recordWrite(await client.patch(Pod, runtime, nudge, { timeoutMs }));
    });
  }

  /** Sends a write, which may be repeated, until the answer is definite. */
  async #insist(runtime: Runtime, write: (timeoutMs: number) => Promise<void>): Promise<void> {
    const { clock, writeWithinMs } = this.#options;
    const deadline = clock.monotonicMs() + writeWithinMs;
    for (;;) {
      const remainingMs = Math.max(resendAfterMs, deadline - clock.monotonicMs());
      try {
        await write(Math.min(answerWithinMs, remainingMs));
        return;
      } catch (error) {
        const verdict = verdictOf(error);
        if (verdict !== "busy" && verdict !== "ambiguous") throw refused(runtime, error);
        if (clock.monotonicMs() + resendAfterMs >= deadline) throw undecided(runtime);
        await clock.sleep(resendAfterMs);
      }
    }
  }
}

function isInjected({ pod }: Runtime): boolean {
  return pod.metadata.annotations?.[annotation.injected] !== undefined;
}

/** Says what was answered but not in whose words: those of an admission webhook may quote the Secret. */
function refused({ name }: Runtime, error: unknown): ClaimError {
  const answer = error instanceof ApiError ? `${error.status} ${error.reason}` : "an unexpected error";
  return new ClaimError(
    "injection-failed",
    `the cluster refuses the variables of runtime ${name}: ${answer}`,
  );
}

function undecided({ name }: Runtime): ClaimError {
  const message = `no definite answer to the variables of runtime ${name}`;
  return new ClaimError("unavailable", message, { retryAfterMs: 1_000 });
}
