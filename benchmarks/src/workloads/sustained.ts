import { poissonArrivals, seededRandom } from "../measure/arrivals.ts";
import { round, type Summary, summarise } from "../measure/summary.ts";
import { fill, type Stage } from "../setup/stage.ts";
import { arrive } from "./lives.ts";

/** Claims that arrive on their own, at a rate. */
export interface SustainedFigures extends Summary {
  /** Claims per second that were asked for. */
  ratePerSecond: number;
  seconds: number;
  /** Claims that got no runtime; they count as never answered. */
  refused: number;
  /** Whether 99 % were answered with a runtime within 250 ms. */
  held: boolean;
}

const limitMs = 250;
/** The pool covers this long without any refill. */
const coveredSeconds = 10;
const growth = 1.25;
const maxSteps = 10;

/** Claims at `ratePerSecond`; each runtime is ended 2 s after it was given. Times count from the arrival. */
export async function measureSustained(
  stage: Stage,
  { ratePerSecond, seconds }: { ratePerSecond: number; seconds: number },
): Promise<SustainedFigures> {
  await fill(stage, Math.ceil(ratePerSecond * coveredSeconds));
  await stage.claims.warmUp(50);
  const arrivals = poissonArrivals({ perSecond: ratePerSecond, seconds, random: seededRandom(1) });
  const title = `${round(ratePerSecond)} claims a second for ${seconds} s`;
  const durationsMs = await stage.progress.task(title, () => arrive(stage, arrivals));
  const refused = durationsMs.filter((durationMs) => durationMs === Infinity).length;
  const summary = summarise(durationsMs);
  const held = summary.p99 !== null && summary.p99 < limitMs;
  return { ratePerSecond: round(ratePerSecond), seconds, ...summary, refused, held };
}

/**
 * The highest rate that holds, found by steps of a quarter up from one that does (or down from one that does
 * not), then one step between.
 */
export async function searchRate(
  stage: Stage,
  first: SustainedFigures,
  seconds: number,
): Promise<{ best: SustainedFigures | undefined; tried: SustainedFigures[] }> {
  const tried = [first];
  const attempt = async (ratePerSecond: number): Promise<SustainedFigures> => {
    const figures = await measureSustained(stage, { ratePerSecond, seconds });
    tried.push(figures);
    return figures;
  };
  const goesUp = first.held;
  let last = first;
  for (let step = 0; step < maxSteps && last.held === goesUp; step++) {
    last = await attempt(last.ratePerSecond * (goesUp ? growth : 1 / growth));
  }
  const held = highestHeld(tried);
  const failed = tried.filter((figures) => !figures.held).map(({ ratePerSecond }) => ratePerSecond);
  if (held && failed.length > 0) await attempt((held.ratePerSecond + Math.min(...failed)) / 2);
  return { best: highestHeld(tried), tried };
}

function highestHeld(tried: readonly SustainedFigures[]): SustainedFigures | undefined {
  return tried.filter(({ held }) => held).toSorted((a, b) => b.ratePerSecond - a.ratePerSecond)[0];
}
