const mostCharacters = 300;

/** One line of at most 300 characters: clouds answer with whole pages. */
export function shortened(message: string): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters - 1)}…` : line;
}

/** The seconds of a Retry-After, in milliseconds; undefined where it is a date or nonsense. */
export function retryAfterMsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}
