import type { Route } from "@datalayer/shared/crds/route";
import type { IngressRoute } from "@datalayer/shared/crds/traefik";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { isMarked } from "../backends/traefik/rule-text.ts";
import { routeOf } from "../route/names.ts";
import type { ExpectedRouter } from "./expected-routers.ts";
import type { Router } from "./routers.ts";

/** Whether a router is of our making, and no Route is behind it any more. */
export type IsLeftover = (router: Router) => boolean;

/** What tells which routers still have a Route. */
export interface LeftoverSources {
  routes: Pick<ObjectReader<Route>, "get">;
  ingressRoutes: Pick<ObjectReader<IngressRoute>, "get">;
  /** Those that are watched; `*` stands for all. Of others nothing is known. */
  namespaces: readonly string[];
}

/** By the caches: the object that a router is made of is gone, or goes, or belongs to a Route that is gone. */
export function isLeftoverBy({ routes, ingressRoutes, namespaces }: LeftoverSources): IsLeftover {
  const isWatched = (namespace: string): boolean =>
    namespaces.includes("*") || namespaces.includes(namespace);
  return ({ name: routerName, rule }) => {
    const [, namespace = "", name = ""] = madeFrom.exec(routerName) ?? [];
    if (!isMarked(rule) || !isWatched(namespace)) return false;
    const object = ingressRoutes.get({ namespace, name });
    const owner = object && routeOf(object);
    if (!owner || object.metadata.deletionTimestamp !== undefined) return true;
    return routes.get({ namespace, name: owner.name })?.metadata.uid !== owner.uid;
  };
}

/** Namespace and name of an IngressRoute of ours, in both ways in which Traefik names routers. */
const madeFrom = /^(.+?)[-_](route-[0-9a-f]{32})[-_]/;

/**
 * The first leftover that may answer requests in place of one of these routers; undefined when none does. They go when
 * Traefik has read that their Route has gone: what comes back from a request before says nothing of another Route.
 */
export function leftoverFor(
  expected: readonly ExpectedRouter[],
  leftovers: readonly Router[],
): Router | undefined {
  if (leftovers.length === 0) return undefined;
  return leftovers.find((leftover) => expected.some((router) => mayAnswerFor(router, leftover)));
}

/** Of two routers that fit a request the one with the higher priority answers; with equal ones it is chance. */
function mayAnswerFor({ rule, priority = 0, entryPoints }: ExpectedRouter, leftover: Router): boolean {
  return (
    leftover.priority >= priority &&
    leftover.entryPoints.some((name) => entryPoints.includes(name)) &&
    hostsIn(leftover.rule).some((host) => hostsIn(rule).includes(host)) &&
    meet(pathsIn(leftover.rule), pathsIn(rule))
  );
}

interface Path {
  value: string;
  isPrefix: boolean;
}

function hostsIn(rule: string): string[] {
  return [...rule.matchAll(/\bHost\(`([^`]*)`\)/g)].map(([, host = ""]) => host);
}

/** Empty where every path may fit. What is excluded (`!PathPrefix`) is no path of the rule. */
function pathsIn(rule: string): Path[] {
  if (rule.includes("PathRegexp(")) return [];
  return [...rule.matchAll(/(!?)\b(Path|PathPrefix)\(`([^`]*)`\)/g)]
    .filter(([, not]) => not === "")
    .map(([, , kind, value = ""]) => ({ value, isPrefix: kind === "PathPrefix" }));
}

function meet(some: readonly Path[], others: readonly Path[]): boolean {
  if (some.length === 0 || others.length === 0) return true;
  return some.some((one) => others.some((other) => fits(one, other) || fits(other, one)));
}

function fits({ value, isPrefix }: Path, { value: path }: Path): boolean {
  return isPrefix ? path.startsWith(value) : path === value;
}
