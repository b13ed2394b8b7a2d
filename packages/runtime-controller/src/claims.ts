import type { Clock } from "@datalayer/shared/clock/clock";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Caches } from "./caches.ts";
import { Abandoner } from "./claim/abandoner.ts";
import type { BodySeals } from "./claim/body-seals.ts";
import { Candidates } from "./claim/candidates.ts";
import { ClaimHistory } from "./claim/claim-history.ts";
import type { ClaimMetrics } from "./claim/claim-metrics.ts";
import { ClaimOrder } from "./claim/claim-order.ts";
import { Claimer } from "./claim/claimer.ts";
import { RightOfWay } from "./claim/right-of-way.ts";
import { Injector } from "./claim-secret/injector.ts";
import { ClaimQueue } from "./claim-queue/claim-queue.ts";
import { Forecast } from "./claim-queue/forecast.ts";
import type { QueueMetrics } from "./claim-queue/queue-metrics.ts";
import { StartTimes } from "./claim-queue/start-times.ts";
import type { ColdStarter } from "./cold-start/cold-starter.ts";
import { Starts } from "./cold-start/starts.ts";
import { Quota, type QuotaLimits } from "./quota/quota.ts";
import { Seniority } from "./quota/seniority.ts";
import type { Runtimes } from "./runtime/runtimes.ts";

/** The parts that serve claims; all follow the same Pod watch. */
export interface Claims {
  candidates: Candidates;
  order: ClaimOrder;
  history: ClaimHistory;
  abandoner: Abandoner;
  claimer: Claimer;
  injector: Injector;
  rightOfWay: RightOfWay;
  quota: Quota;
  queue: ClaimQueue;
  starts: Starts;
}

/** What the administrator sets for claims. */
export interface ClaimSettings {
  quota: QuotaLimits;
  /** Claims that may wait on this replica at once. */
  queueLength: number;
}

const keyLifeMs = 10 * 60_000;

/** Makes what serves claims and lets it follow the caches. Call it before the caches are started. */
export function createClaims(options: {
  caches: Caches;
  runtimes: Runtimes;
  client: RestClient;
  clock: Clock;
  log: Logger;
  metrics: ClaimMetrics & QueueMetrics;
  seals: BodySeals;
  settings: ClaimSettings;
  coldStarter: Pick<ColdStarter, "create">;
}): Claims {
  const { caches, client, clock, log, metrics, seals, settings, coldStarter } = options;
  const { pods, volumeClaims, pools, environments } = caches;
  const candidates = new Candidates((pod) => options.runtimes.of(pod));
  const order = new ClaimOrder({ clock, rememberMs: keyLifeMs });
  const seniority = new Seniority();
  const startTimes = new StartTimes();
  pods.onChange(({ type, object, initial }) => {
    const deleted = type === "deleted";
    // The order first: who sees a Pod as taken must also be able to see by whom.
    const change = { deleted, listed: initial };
    order.observe(object, change);
    seniority.observe(object, change);
    startTimes.observe(object, change);
    candidates.observe(object, deleted);
  });
  volumeClaims.onChange(({ type, object, initial }) => {
    seniority.observe(object, { deleted: type === "deleted", listed: initial });
  });
  const abandoner = new Abandoner({ client, pods, clock, log });
  const history = new ClaimHistory({ client, pods, order, metrics });
  const rightOfWay = new RightOfWay(clock);
  const quota = new Quota({ pods, volumeClaims, seniority, limits: settings.quota });
  const forecast = new Forecast({ pools, runtimes: options.runtimes, startTimes, clock });
  const queue = new ClaimQueue({ candidates, forecast, clock, metrics, maxLength: settings.queueLength });
  const starts = new Starts({ pods, clock });
  const followed = { pods, pools, environments, candidates, order, history };
  const serving = { abandoner, rightOfWay, quota, queue, coldStarter };
  const claimer = new Claimer({ ...followed, ...serving, client, clock, metrics, seals });
  const injector = new Injector({ client, pods, clock });
  return { candidates, order, history, abandoner, claimer, injector, rightOfWay, quota, queue, starts };
}
