/** What stands in a log line in place of a secret. */
export const MASK = "[redacted]";

/** Shorter values are not masked: they would hide ordinary words in every line. */
const SHORTEST_SECRET = 4;

/** A secret value, or where to read it each time, for secrets that change while the process runs. */
export type SecretSource = string | (() => string);

const SECRET_KEY =
  /(token|passwords?|passwd|secrets?|authorization|apikeys?|cookies?|privatekey|accesskey|credentials?)$/;

/** Credentials that give themselves away by their surroundings, whoever wrote the string. */
const TELLTALES: readonly [RegExp, string][] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${MASK}`],
  [/([?&;](?:access_)?(?:token|key|api_?key|password|secret|signature)=)[^&\s"'#]+/gi, `$1${MASK}`],
  [/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${MASK}@`],
];

/** Whether a field of this name is hidden, whatever it holds. `x-api-key`, `apiKey` and `API_KEY` are one. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key.toLowerCase().replace(/[^a-z0-9]/g, ""));
}

/**
 * The secrets one logger knows. Every string of a line passes through {@link Redactor.mask}, so a secret is
 * hidden wherever it stands: in a message, a field, a URL or the stack of an error.
 *
 * Meant for a handful of long-lived secrets (keys, passwords): the cost of a line grows with their number.
 */
export class Redactor {
  readonly #sources: (() => string)[] = [];
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** Hides a value from now on. A value that a source returned once stays hidden after it has changed. */
  add(secret: SecretSource): void {
    if (typeof secret === "string") this.#remember(secret);
    else this.#sources.push(secret);
  }

  /** The text with every known secret and every recognisable credential replaced. */
  mask(text: string): string {
    for (const source of this.#sources) this.#remember(source());
    const masked = this.#pattern ? text.replace(this.#pattern, MASK) : text;
    return TELLTALES.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), masked);
  }

  #remember(secret: string): void {
    if (this.#values.has(secret)) return;
    this.#values.add(secret);
    const forms = [...this.#values].flatMap(writtenForms).filter((form) => form.length >= SHORTEST_SECRET);
    forms.sort((a, b) => b.length - a.length);
    this.#pattern = forms.length > 0 ? new RegExp(forms.map(escapePattern).join("|"), "g") : undefined;
  }
}

/** The ways a secret is commonly written: as it is, line by line, in a URL, in base64. */
function writtenForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const lines = secret.split(/\r?\n/);
  return [
    secret,
    ...(lines.length > 1 ? lines.filter((line) => line.length >= 16) : []),
    encodeURIComponent(secret.toWellFormed()),
    bytes.toString("base64"),
    bytes.toString("base64url"),
  ];
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
