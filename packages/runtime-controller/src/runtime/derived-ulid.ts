import { createHash } from "node:crypto";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const length = 26;

/**
 * A ULID, in lower case, that is the same for the same parts: what is created for an Idempotency-Key gets the same
 * name on every replica, however often it is asked for. It holds no time.
 */
export function derivedUlid(...parts: string[]): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest();
  const letters = Array.from(digest.subarray(0, length), (byte) => alphabet[byte % alphabet.length]);
  // 26 letters hold 130 bits and a ULID has 128.
  return `${alphabet[(digest[0] ?? 0) % 8]}${letters.slice(1).join("")}`;
}
