/** Why a runtime that a user had ends; usage, the Event and the Pod name it. */
export type EndReason =
  "CreditsUsedUp" | "Deleted" | "Idle" | "NodeDrained" | "PodEnded" | "StartFailed" | "Superseded";
