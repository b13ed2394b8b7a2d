const wait = /^wait\s*=\s*"?(\d{1,9})"?\s*(;|$)/i;

/**
 * The seconds of `wait` in a Prefer header (RFC 7240); undefined when it does not ask for any. Of several the first
 * counts, as there; what is unknown or malformed is ignored, as there.
 */
export function preferredWaitSeconds(prefer: string | undefined): number | undefined {
  const preferences = (prefer ?? "").split(",").map((each) => each.trim());
  const first = preferences.find((each) => /^wait\s*(=|;|$)/i.test(each));
  const seconds = wait.exec(first ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
