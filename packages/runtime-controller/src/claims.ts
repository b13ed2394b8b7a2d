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

/** The parts that serve claims; all follow the same Pod watch. */
export interface Claims {
  candidates: Candidates;
  order: ClaimOrder;
  history: ClaimHistory;
  abandoner: Abandoner;
  claimer: Claimer;
  injector: Injector;
  rightOfWay: RightOfWay;
}

const keyLifeMs = 10 * 60_000;

/** Makes what serves claims and lets it follow the caches. Call it before the caches are started. */
export function createClaims(options: {
  caches: Caches;
  client: RestClient;
  clock: Clock;
  log: Logger;
  metrics: ClaimMetrics;
  seals: BodySeals;
}): Claims {
  const { caches, client, clock, log, metrics, seals } = options;
  const { pods, pools } = caches;
  const candidates = new Candidates();
  const order = new ClaimOrder({ clock, rememberMs: keyLifeMs });
  pods.onChange(({ type, object, initial }) => {
    const deleted = type === "deleted";
    // The order first: who sees a Pod as taken must also be able to see by whom.
    order.observe(object, { deleted, listed: initial });
    candidates.observe(object, deleted);
  });
  const abandoner = new Abandoner({ client, pods, clock, log });
  const history = new ClaimHistory({ client, pods, order, metrics });
  const rightOfWay = new RightOfWay(clock);
  const followed = { pods, pools, candidates, order, history };
  const claimer = new Claimer({ ...followed, client, abandoner, rightOfWay, clock, metrics, seals });
  const injector = new Injector({ client, pods, clock });
  return { candidates, order, history, abandoner, claimer, injector, rightOfWay };
}
