const longestValue = 2_048;

/**
 * A value as it can stand in a header: what is not visible ASCII, and `%`, is percent-encoded as UTF-8, so that two
 * different values never look the same. Undefined when it would be longer than 2,048 characters.
 */
function headerValue(text: string): string | undefined {
  if (text.length > longestValue) return undefined;
  const encoded = text
    .toWellFormed()
    .replace(/[^ -~]|%/gu, (character) => (character === "%" ? "%25" : percentEncoded(character)));
  return encoded.length > longestValue || encoded.trim() !== encoded ? undefined : encoded;
}

/** A claim as a header: texts, numbers and booleans, and lists of them joined by commas. Others have none. */
export function claimValue(claim: unknown): string | undefined {
  if (!Array.isArray(claim)) return scalarValue(claim);
  const items = claim.map((item) => scalarValue(item)?.replaceAll(",", "%2C"));
  return items.includes(undefined) ? undefined : headerValueOfList(items.join(","));
}

function scalarValue(claim: unknown): string | undefined {
  const isScalar = typeof claim === "string" || typeof claim === "number" || typeof claim === "boolean";
  return isScalar ? headerValue(String(claim)) : undefined;
}

function headerValueOfList(joined: string): string | undefined {
  return joined.length > longestValue ? undefined : joined;
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");
}
