import type { Assignment } from "../src/runtime/runtime.ts";

/** What a claim writes; every field can be overridden. */
export function assignment(fields: Partial<Assignment> = {}): Assignment {
  return {
    claimId: "claim-1",
    claimKey: undefined,
    bodySeal: "body-1",
    bringsSecret: false,
    userUid: "user-1",
    reservationId: "reservation-1",
    type: "notebook",
    givenName: "My notebook",
    startedAt: 1_800_000_000,
    expiredAt: undefined,
    burningRate: 0.01,
    ...fields,
  };
}
