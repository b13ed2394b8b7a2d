import type { CloudValues } from "../clouder-home/cloud-values.ts";
import type { CloudValuesFile } from "../clouder-home/read-values.ts";

/** Values as Helm reads them. */
export type Values = Readonly<Record<string, unknown>>;

/** What the values of a release are made of. */
export interface ValueSources {
  /** Of the last operation; undefined where the reader gives values, which then are all that counts, as with Helm. */
  readonly previous: Values | undefined;
  readonly files: readonly Pick<CloudValuesFile, "cloud" | "values">[];
}

/** Has the chart make and mount the Secret with credentials; an empty one where there are none yet. */
const mounted: CloudValues = { operator: { cloudCredentials: { enabled: true, create: true } } };

/**
 * The values over which those of the reader stand: first that the Secret is made, then what the files say, then what
 * the release had. Credentials of a cloud for which there is a file are the file's: they may be new.
 */
export function planValues({ previous = {}, files }: ValueSources): Values {
  const kept = files.reduce(
    (values, { cloud }) => without(values, ["operator", "cloudCredentials", cloud]),
    previous,
  );
  return [...files.map(({ values }) => values), kept].reduce<Values>(merge, mounted as unknown as Values);
}

/** Merges as Helm does: maps key by key, everything else as a whole; null is kept, as it removes a value. */
function merge(under: Values, over: object): Values {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMap(value) && isMap(below) ? merge(below, value) : value;
  }
  return merged;
}

function without(values: Values, path: readonly [string, ...string[]]): Values {
  const [key, ...rest] = path;
  const value = values[key];
  const [next, ...others] = rest;
  if (next === undefined) return Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));
  return isMap(value) ? { ...values, [key]: without(value, [next, ...others]) } : values;
}

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
