import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Runtime } from "../runtime/runtime.ts";
import type { RuntimeTemplate } from "../runtime/pod-builder.ts";
import type { Refusal } from "./refusal.ts";

/** What is known of a pool at one moment. */
export interface PoolObservation {
  readonly pool: RuntimePool;
  /** Undefined when the pool names none that exists. */
  readonly environment?: RuntimeEnvironment;
  /** What new Pods are made of, and its hash; undefined without an environment. */
  readonly template?: RuntimeTemplate & { readonly revision: string };
  /** All runtimes of the pool, terminating ones included. */
  readonly runtimes: readonly Runtime[];
  /** Names of the nodes that take no new Pods: what is warm there is about to be lost. */
  readonly cordonedNodes: ReadonlySet<string>;
  /** Age at which a warm runtime is replaced; Infinity never. */
  readonly maxLifeMs: number;
  /** Time until the next Pod may be tried, after Pods of this revision failed; 0 when it may be now. */
  readonly backoffMs: number;
  /** Why the API server refused the last Pod of this revision; undefined when it accepted it. */
  readonly refusal?: Refusal;
}
