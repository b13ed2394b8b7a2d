/**
 * Seals for the bodies of claims. A seal is written on the Pod, where many may read it, so that every replica can
 * tell whether a repeated claim has the same body. Without the operator's key nobody can try what a body may have
 * held: a plain hash would betray a short secret.
 */
export interface BodySeals {
  /** The seal of a body's hash. */
  seal(bodyHash: string): Promise<string>;
  /** Whether a seal is of this hash, also when it was made with an earlier key. */
  isSealOf(seal: string, bodyHash: string): Promise<boolean>;
}
