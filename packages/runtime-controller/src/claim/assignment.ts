import { randomUUID } from "node:crypto";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Assignment } from "../runtime/runtime.ts";
import type { ClaimRequest } from "./claim-request.ts";
import { givenNameOf } from "./given-name.ts";

/** What an assignment depends on beside the request and the pool. */
export interface AssignmentContext {
  /** Hash of the Idempotency-Key. */
  key?: string;
  bodySeal?: string;
  /** That of the runtime; undefined when it is gone. */
  environment: RuntimeEnvironment | undefined;
  /** Wall clock, milliseconds since the epoch. */
  nowMs: number;
}

/** What a claim writes on the Pod it takes. */
export function assignmentOf(
  request: ClaimRequest,
  pool: RuntimePool,
  { key, bodySeal, environment, nowMs }: AssignmentContext,
): Assignment {
  const burningRate = pool.spec.burningRate ?? 0;
  const startedAt = Math.floor(nowMs / 1000);
  return {
    claimId: randomUUID(),
    claimKey: key,
    bodySeal,
    bringsSecret: request.bringsSecret ?? false,
    userUid: request.userUid,
    reservationId: request.reservationId,
    type: request.type,
    givenName: request.givenName ?? givenNameOf({ environment, type: request.type, nowMs }),
    startedAt,
    expiredAt: expiryOf(startedAt, request.creditsLimit, burningRate),
    burningRate,
  };
}

/** When a runtime ends with another limit of credits: what it used before its last pause counts. As {@link expiryOf}. */
export function changedExpiryOf(
  { startedAt, usedSeconds = 0, burningRate }: Assignment,
  creditsLimit: number | undefined,
): number | undefined {
  return expiryOf(startedAt - usedSeconds, creditsLimit, burningRate);
}

/** Epoch seconds at which the credits are used up; undefined without a limit, or when it costs nothing. */
export function expiryOf(
  startedAt: number,
  creditsLimit: number | undefined,
  burningRate: number,
): number | undefined {
  if (creditsLimit === undefined || burningRate === 0) return undefined;
  return Math.floor(startedAt + creditsLimit / burningRate);
}
