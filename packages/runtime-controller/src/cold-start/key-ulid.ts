import { createHash } from "node:crypto";

const digits = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * The ULID of the one runtime that is created for a claim key: the same on every replica and at every repeat, so the
 * API server refuses a second one. Its first part is no time, as that of other ULIDs is.
 */
export function ulidOfKey(key: string): string {
  const hash = createHash("sha256").update(`cold-start/v1\n${key}`).digest("hex").slice(0, 32);
  let rest = BigInt(`0x${hash}`);
  let text = "";
  for (let place = 0; place < 26; place++) {
    text = (digits[Number(rest % 32n)] ?? "") + text;
    rest /= 32n;
  }
  return text;
}
