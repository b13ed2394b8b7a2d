import { randomUUID } from "node:crypto";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Assignment } from "../runtime/runtime.ts";
import type { ClaimRequest } from "./claim-request.ts";

/** What a claim writes on the Pod it takes. */
export function assignmentOf(
  request: ClaimRequest,
  pool: RuntimePool,
  { key, bodySeal, nowMs }: { key?: string; bodySeal?: string; nowMs: number },
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
    givenName: request.givenName ?? `${request.type} ${new Date(nowMs).toISOString().slice(0, 16)}`,
    startedAt,
    expiredAt: expiryOf(startedAt, request.creditsLimit, burningRate),
    burningRate,
  };
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
