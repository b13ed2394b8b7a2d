import { findCondition } from "@datalayer/shared/controller/conditions";
import { type Route, routeCondition } from "@datalayer/shared/crds/route";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RoutePass } from "../route/pass.ts";
import { OpenItems } from "./open-items.ts";
import type { Ending } from "./runtime-link.ts";

/** Where a request wants to go. */
interface Destination {
  pool: string;
  /** Of the runtime; undefined where it names none. */
  namespace?: string;
}

interface Known {
  namespace: string;
  /** The pools that it leads to. */
  pools: ReadonlySet<string>;
  /** The first generation that lets in whom it lets in now; Infinity while it lets in nobody. */
  since: number;
}

interface LetIn {
  ending: Ending;
  /** Of the Route, when it was let in. */
  generation: number;
}

/**
 * Which Routes let requests in, and what is open by each. What was let in ends when its Route is deleted, is refused, or
 * says otherwise who may come in, by which hosts and paths, and where to: the data plane ends nothing that is open.
 */
export class RoutePasses {
  readonly #routes: ObjectReader<Route> & { readonly isServed: boolean };
  /** By uid of the Route. */
  readonly #known = new Map<string, Known>();
  readonly #open = new Map<string, OpenItems<LetIn>>();

  /** Make it before the cache is started. */
  constructor(routes: ObjectReader<Route> & { readonly isServed: boolean }) {
    this.#routes = routes;
    routes.onChange(({ type, object, previous }) => {
      if (type === "deleted") this.#known.delete(object.metadata.uid);
      else this.#note(object, previous);
      this.#endWhatIsNotLetIn(object.metadata.uid);
    });
  }

  /** Whether a Route that is not known is none. */
  get hasSynced(): boolean {
    return this.#routes.hasSynced;
  }

  /** Whether the Route leads there, and still lets in whom it let in with this pass. */
  allows({ uid, generation }: RoutePass, { namespace, pool }: Destination): boolean {
    const known = this.#known.get(uid);
    if (!known) return !this.#routes.isServed;
    const leadsThere = known.pools.has(pool) && known.namespace === (namespace ?? known.namespace);
    return leadsThere && generation >= known.since;
  }

  /** Counts something as let in by a Route until the returned function is called; it ends with the Route. */
  open({ uid, generation }: RoutePass, ending: Ending): () => void {
    const open = this.#open.get(uid) ?? new OpenItems<LetIn>();
    this.#open.set(uid, open);
    const remove = open.add({ ending, generation });
    return () => {
      remove();
      if (open.size === 0 && this.#open.get(uid) === open) this.#open.delete(uid);
    };
  }

  #note(route: Route, previous: Route | undefined): void {
    const { uid, namespace = "" } = route.metadata;
    const pools = new Set(poolsOf(route));
    if (pools.size > 0) this.#known.set(uid, { namespace, pools, since: this.#sinceOf(route, previous) });
    else this.#known.delete(uid);
  }

  #sinceOf(route: Route, previous: Route | undefined): number {
    const { uid, generation = 1 } = route.metadata;
    if (isRefused(route)) return Infinity;
    // What was said before this process began is not known, and has been read by the data plane by now.
    const before = this.#known.get(uid)?.since ?? 0;
    const isSame = previous === undefined || accessOf(previous) === accessOf(route);
    return isSame && before < Infinity ? before : generation;
  }

  #endWhatIsNotLetIn(uid: string): void {
    const since = this.#known.get(uid)?.since ?? Infinity;
    for (const { ending, generation } of this.#open.get(uid)?.all() ?? [])
      if (generation < since) ending.end();
  }
}

/** Takes out of a cached Route, in place, what is not read here. */
export function trimRoute(route: Route): void {
  const { metadata, status } = route;
  metadata.annotations = undefined;
  metadata.labels = undefined;
  metadata.ownerReferences = undefined;
  const conditions = status?.conditions?.filter(({ type }) => refusals.some((one) => one === type));
  route.status = { conditions };
}

function poolsOf({ spec: { rules } }: Route): string[] {
  return rules.flatMap(({ targets = [] }) => targets.flatMap(({ runtime }) => runtime?.pool ?? []));
}

/** What decides on who comes in and where to. */
function accessOf({ spec: { routeClassName, hosts, auth, tls, rules, policy } }: Route): string {
  const requests = rules.map(({ matches, targets }) => ({ matches, targets }));
  return JSON.stringify([routeClassName, hosts, auth, tls, requests, policy?.ipAllow]);
}

const refusals = [routeCondition.accepted, routeCondition.hostClaimed, routeCondition.translated];

/** Whether nothing is made of it as it is now. */
function isRefused({ metadata, status }: Route): boolean {
  if (metadata.deletionTimestamp !== undefined) return true;
  return refusals.some((type) => {
    const found = findCondition(status?.conditions ?? [], type);
    return found?.status === "False" && found.observedGeneration === metadata.generation;
  });
}
