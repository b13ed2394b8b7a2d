/** One condition of an object's status, as the Kubernetes API conventions define it. */
export interface Condition {
  /** `Ready`, `Reconciling`, `Stalled`, or one of the kind's own. */
  type: string;
  status: "True" | "False" | "Unknown";
  /** One CamelCase word for programs. */
  reason: string;
  /** A sentence for people. */
  message: string;
  /** RFC 3339; changes only when `status` does. */
  lastTransitionTime: string;
  /** Generation of the spec that the condition speaks of. */
  observedGeneration?: number;
}
