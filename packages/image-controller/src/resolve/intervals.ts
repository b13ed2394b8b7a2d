import type { Image } from "@datalayer/shared/crds/image";
import { millisecondsOf } from "../image/duration.ts";

/** How long what was seen is good, in milliseconds; `Infinity` where it is never looked at again. */
export interface Intervals {
  source: number;
  bases: number;
}

/** As the triggers of an Image have it. Only repositories and tags can change by themselves. */
export function intervalsOf({ spec: { source, triggers } }: Image): Intervals {
  return {
    source: source.git ? intervalOf(triggers?.git?.interval ?? "5m") : Infinity,
    bases: intervalOf(triggers?.baseImage?.interval ?? "15m"),
  };
}

function intervalOf(written: string): number {
  return millisecondsOf(written) || Infinity;
}
