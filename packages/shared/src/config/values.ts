import { z } from "zod";

/** Turns the text of a variable into a typed value; its description says what was expected. */
export type ValueSchema<T> = z.ZodType<T, string>;

/** Inclusive bounds of a number. */
export interface Range {
  min?: number;
  max?: number;
}

/** An integer in decimal notation. */
export function integer(range: Range = {}): ValueSchema<number> {
  return value(`an integer${inRange(range)}`, (text) => {
    const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(number) && isWithin(number, range) ? number : undefined;
  });
}

/** A number in decimal notation; no exponent, no infinity. */
export function decimal(range: Range = {}): ValueSchema<number> {
  return value(`a number${inRange(range)}`, (text) => {
    const number = /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(number) && isWithin(number, range) ? number : undefined;
  });
}

/** A TCP port; 0 asks the system for a free one. */
export function port(): ValueSchema<number> {
  return integer({ min: 0, max: 65_535 });
}

/** `true` or `false`, as Helm writes them; also `1`, `0`, `yes`, `no`, `on`, `off`, in any case. */
export function boolean(): ValueSchema<boolean> {
  const words = new Map([
    ...["true", "1", "yes", "on"].map((word) => [word, true] as const),
    ...["false", "0", "no", "off"].map((word) => [word, false] as const),
  ]);
  return value("true or false", (text) => words.get(text.toLowerCase()));
}

const MS_PER_UNIT: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a duration may be. */
export interface DurationOptions {
  minMs?: number;
  maxMs?: number;
  /** The unit of a bare number, for variables whose name states it (`..._SECONDS`). Without it, a unit is required. */
  bareUnit?: "ms" | "s";
}

/** A duration such as `500ms`, `30s` or `1h30m`; the value is in milliseconds. */
export function duration(options: DurationOptions = {}): ValueSchema<number> {
  const { minMs = 0, maxMs = Number.MAX_SAFE_INTEGER, bareUnit } = options;
  const upper = options.maxMs === undefined ? "" : ` to ${writeDuration(maxMs)}`;
  const bare =
    bareUnit === undefined ? "" : ` or a number of ${bareUnit === "s" ? "seconds" : "milliseconds"}`;
  return value(`a duration such as 30s or 5m${bare}, from ${writeDuration(minMs)}${upper}`, (text) => {
    const ms = parseDuration(bareUnit !== undefined && /^\d+(\.\d+)?$/.test(text) ? text + bareUnit : text);
    return ms !== undefined && isWithin(ms, { min: minMs, max: maxMs }) ? ms : undefined;
  });
}

const QUANTITY_FACTORS: Record<string, number> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** A Kubernetes quantity such as `250m`, `1.5` or `512Mi`; the value is in cores or bytes. */
export function quantity(range: Range = {}): ValueSchema<number> {
  return value(`a Kubernetes quantity such as 250m or 512Mi${inRange(range)}`, (text) => {
    const match = /^(\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/.exec(text);
    const amount = match && Number(match[1]) * (QUANTITY_FACTORS[match[2] ?? ""] ?? Number.NaN);
    return amount !== null && Number.isFinite(amount) && isWithin(amount, range) ? amount : undefined;
  });
}

/** An absolute URL of one of the given schemes, without credentials; the value has no trailing slash. */
export function url(schemes: readonly string[] = ["http", "https"]): ValueSchema<string> {
  return value(`a URL starting with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`, (text) => {
    const parsed = URL.parse(text);
    if (!parsed || !schemes.includes(parsed.protocol.slice(0, -1))) return undefined;
    if (parsed.host === "" || parsed.username !== "" || parsed.password !== "") return undefined;
    return text.replace(/\/+$/, "");
  });
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): ValueSchema<Word> {
  return value(`one of ${words.join(", ")}`, (text) => words.find((word) => word === text));
}

/** What a text may be. */
export interface TextOptions {
  minLength?: number;
  maxLength?: number;
  pattern?: RegExp;
  /** Completes "expected ..." where a pattern alone would not tell. */
  expected?: string;
}

/** A text of 1 to 4096 characters, unless said otherwise. */
export function text(options: TextOptions = {}): ValueSchema<string> {
  const { minLength = 1, maxLength = 4096, pattern } = options;
  const expected = options.expected ?? `a text of ${minLength} to ${maxLength} characters`;
  return value(
    pattern && !options.expected ? `${expected} matching ${pattern.source}` : expected,
    (candidate) => {
      const fits = candidate.length >= minLength && candidate.length <= maxLength;
      return fits && (pattern?.test(candidate) ?? true) ? candidate : undefined;
    },
  );
}

/** Items separated by commas, each as `item` demands; spaces around them and empty items are dropped. */
export function list<T>(item: ValueSchema<T>, options: { min?: number } = {}): ValueSchema<readonly T[]> {
  const { min = 0 } = options;
  const atLeast = min > 0 ? `at least ${min}, ` : "";
  return value(`a list, ${atLeast}separated by commas, each ${item.description ?? "a text"}`, (listed) => {
    const texts = listed.split(",").map((part) => part.trim());
    const results = texts.filter((part) => part !== "").map((part) => item.safeParse(part));
    const items = results.flatMap((result) => (result.success ? [result.data] : []));
    return items.length === results.length && items.length >= min ? Object.freeze(items) : undefined;
  });
}

/** A schema whose one failure is "expected <expected>"; `parse` gets trimmed text and returns undefined to refuse. */
function value<T>(expected: string, parse: (text: string) => T | undefined): ValueSchema<T> {
  return z
    .string()
    .transform((raw, context): T => {
      const parsed = parse(raw.trim());
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: "custom", message: `expected ${expected}` });
      return z.NEVER;
    })
    .describe(expected);
}

function isWithin(number: number, { min = -Infinity, max = Infinity }: Range): boolean {
  return number >= min && number <= max;
}

function inRange({ min, max }: Range): string {
  if (min === undefined) return max === undefined ? "" : ` up to ${max}`;
  return max === undefined ? ` of ${min} or more` : ` from ${min} to ${max}`;
}

function parseDuration(written: string): number | undefined {
  if (written === "0") return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(written)) return undefined;
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  return Math.round(
    parts.reduce((sum, part) => sum + Number(part[1]) * (MS_PER_UNIT[part[2] ?? ""] ?? 0), 0),
  );
}

function writeDuration(ms: number): string {
  if (ms === 0) return "0s";
  const unit = ["d", "h", "m", "s"].find((name) => ms % (MS_PER_UNIT[name] ?? 1) === 0) ?? "ms";
  return `${ms / (MS_PER_UNIT[unit] ?? 1)}${unit}`;
}
