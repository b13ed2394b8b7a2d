import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Runtime } from "../runtime/runtime.ts";
import type { Unrouted } from "../runtime-route/route-waits.ts";
import type { Refusal } from "./refusal.ts";
import type { FoundTemplate } from "./template.ts";

/** What is known of a pool at one moment: among it the template of new Pods, or why there is none. */
export type PoolObservation = FoundTemplate & {
  readonly pool: RuntimePool;
  /** The last revision of which a runtime became available; undefined before the first. */
  readonly lastGood?: LastGood;
  /** All runtimes of the pool, terminating ones included. */
  readonly runtimes: readonly Runtime[];
  /** Names of the nodes that go: what is warm there is about to be lost. */
  readonly leavingNodes: ReadonlySet<string>;
  /** Names of the nodes that are removed once they are empty: what is warm there serves until it is replaced. */
  readonly emptyingNodes: ReadonlySet<string>;
  /** Names of the nodes that nobody hears from: what is warm there may be lost, or come back. */
  readonly silentNodes: ReadonlySet<string>;
  /** UIDs of the warm runtimes whose token cannot be derived: its key is gone. */
  readonly keyless: ReadonlySet<string>;
  /** The Routes of the warm runtimes that are ready; undefined where runtimes have no Routes. */
  readonly routes?: PoolRoutes;
  /** Age at which a warm runtime is replaced; Infinity never. */
  readonly maxLifeMs: number;
  /** Time until the next Pod may be tried, after Pods of this revision failed; 0 when it may be now. */
  readonly backoffMs: number;
  /** Why the API server refused the last Pod of this revision; undefined when it accepted it. */
  readonly refusal?: Refusal;
};

/** The last good revision, of which Pods are made while a new one has not shown that it works. */
export interface LastGood {
  readonly revision: string;
  /** As in {@link PoolObservation}, for this revision. */
  readonly backoffMs: number;
  readonly refusal?: Refusal;
}

/** How far users can reach the warm runtimes of a pool by their URLs. */
export interface PoolRoutes {
  /** Those that cannot be reached yet, by UID. */
  readonly unrouted: ReadonlyMap<string, Unrouted>;
  /** How long a runtime waits for its Route before it is offered all the same; Infinity for ever. */
  readonly waitMs: number;
}
