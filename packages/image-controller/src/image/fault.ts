import type { ImageReason } from "@datalayer/shared/crds/image";

/** Why an Image cannot go on for now. */
export interface Fault {
  reason: ImageReason;
  /** A sentence for people, without secrets. */
  message: string;
  /** Whether it may end without anybody changing something. */
  isPassing: boolean;
  /** How long the other side asks to be left alone, in milliseconds. */
  retryAfterMs?: number;
}

/** Carries a fault to where an answer is made of it. */
export class FaultError extends Error {
  override readonly name = "FaultError";
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** One that stays until somebody changes something. */
export function lasting(reason: ImageReason, message: string): FaultError {
  return new FaultError({ reason, message, isPassing: false });
}

/** One that may be over the next time. */
export function passing(reason: ImageReason, message: string, retryAfterMs?: number): FaultError {
  return new FaultError({ reason, message, isPassing: true, retryAfterMs });
}
