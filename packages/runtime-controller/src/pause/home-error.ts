/** Why a wish for a runtime with a home is not granted. */
export type HomeRefusal =
  /** There is no such runtime with a home. */
  | "no-home"
  /** It is being ended. */
  | "ended"
  /** No credits are left to resume with. */
  | "credits-used-up"
  /** What its Pods are made of is gone. */
  | "no-template"
  /** The volume is the home of another runtime. */
  | "volume-in-use"
  /** It is not paused. */
  | "not-paused"
  /** It was changed by others again and again, or the API server gave no definite answer. */
  | "changed";

/** A wish that is not granted, and what to do. */
export class HomeError extends Error {
  override readonly name = "HomeError";
  readonly refusal: HomeRefusal;

  constructor(refusal: HomeRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.refusal = refusal;
  }
}
