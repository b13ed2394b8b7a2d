import type { Route, RouteMatch, RouteStatus } from "@datalayer/shared/crds/route";
import { type Claim, claimKeyOf, claimsOf, collide } from "./matching.ts";

/** Whoever may have asked for the same requests before. */
export interface Claimant {
  namespace: string;
  name: string;
  uid: string;
  creationTimestamp: string;
  /** What it asks for of the requests in question. */
  matches: readonly RouteMatch[];
  /** Whether it is a Route, and not an object of another kind. */
  isRoute: boolean;
}

/** Requests of a Route that somebody older has. */
export type Conflict = NonNullable<RouteStatus["conflictsWith"]>[number];

/** Status has no room for more. */
const mostConflicts = 64;

/**
 * What of a Route others have already. The oldest claim on a path of a host decides which namespace has it; within
 * that namespace the oldest has a request. Of two that are as old it is the first by namespace and name. A claimant of
 * another namespace is not named.
 *
 * @param claimantsOf - all who ask for what this key stands for; see {@link claimKeyOf}.
 */
export function conflictsOf(route: Route, claimantsOf: (claimKey: string) => Iterable<Claimant>): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const claim of claimsOf(route)) {
    if (conflicts.length === mostConflicts) break;
    const owner = ownerOf(claim, route, claimantsOf(claimKeyOf(claim)));
    if (owner) conflicts.push(conflictWith(owner, claim, route));
  }
  return conflicts;
}

/** The Route itself as one who asks for requests. */
export function claimantOf(route: Route, claimKey: string): Claimant {
  const { namespace = "", name, uid, creationTimestamp } = route.metadata;
  const matches = claimsOf(route)
    .filter((claim) => claimKeyOf(claim) === claimKey)
    .map(({ match }) => match);
  return { namespace, name, uid, creationTimestamp, matches, isRoute: true };
}

function ownerOf(
  claim: Claim,
  { metadata: { namespace = "", name, uid, creationTimestamp } }: Route,
  claimants: Iterable<Claimant>,
): Claimant | undefined {
  const self = { namespace, name, creationTimestamp };
  const [oldest, ...others] = [...claimants]
    .filter((claimant) => claimant.uid !== uid && isOlder(claimant, self))
    .toSorted((one, other) => (isOlder(one, other) ? -1 : 1));
  // Whatever more it asks for: a method or a header would get it requests of others, with their credentials.
  if (!oldest || oldest.namespace !== namespace) return oldest;
  return [oldest, ...others].find(
    (claimant) =>
      (claimant.namespace === namespace || !claimant.isRoute) &&
      claimant.matches.some((match) => collide(match, claim.match)),
  );
}

/** What decides between claims. */
type Seniority = Pick<Claimant, "namespace" | "name" | "creationTimestamp">;

/** Whose claim was first. */
export function isOlder(one: Seniority, other: Seniority): boolean {
  const difference = Date.parse(one.creationTimestamp) - Date.parse(other.creationTimestamp);
  if (difference !== 0) return difference < 0;
  if (one.namespace !== other.namespace) return one.namespace < other.namespace;
  return one.name < other.name;
}

function conflictWith(owner: Claimant, { host, path }: Claim, { metadata }: Route): Conflict {
  const isOwn = owner.isRoute && owner.namespace === metadata.namespace;
  return { host, path: path.value, ...(isOwn && { route: owner.name }) };
}
