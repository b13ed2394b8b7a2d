import { createHash } from "node:crypto";

const maxLength = 63;
const valid = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** Whether the API server accepts the text as the value of a label. */
export function isLabelValue(text: string): boolean {
  return text.length <= maxLength && valid.test(text);
}

/**
 * A label value for any object name. Names may have 253 characters, label values 63: a longer name is cut
 * and told apart by a hash of the whole. It is also fit to be the end of an object's name.
 */
export function labelValueOf(name: string): string {
  if (isLabelValue(name)) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 10);
  // A name may not have a dash after a dot.
  const start = name.slice(0, maxLength - hash.length - 1).replace(/[^A-Za-z0-9]+$/, "");
  return `${start}-${hash}`;
}
