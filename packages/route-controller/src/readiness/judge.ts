import { type RouteReason, routeReason } from "@datalayer/shared/crds/route";
import type { ReplicaView } from "./data-plane.ts";
import { leftoverFor } from "./leftovers.ts";
import type { ProbePlan } from "./probe-plan.ts";
import { programmedIn } from "./programmed.ts";
import type { Subject } from "./subject.ts";
import { type Finding, type Seen, type Verdict, worstOf } from "./verdict.ts";

/** What is known of one Route; times are monotonic milliseconds. */
export interface Known {
  readonly subject: Subject;
  /** Since when it is looked for: what was read before says nothing of it. */
  readonly sinceMs: number;
  /** What came of requests, by replica. */
  readonly probes: ReadonlyMap<string, Finding>;
}

/** A replica that does not answer keeps what it showed before for so long: most failures pass. */
const trustMs = 60_000;
/** A new replica may need so long to read the cluster: until then, what it does not serve says nothing. */
const startMs = 10_000;

/** What is to be said of a Route; undefined while the replicas were not asked since it is looked for. */
export function judgeRoute(
  known: Known,
  views: readonly ReplicaView[],
  nowMs: number,
): Omit<Verdict, "behaves"> | undefined {
  if (views.length === 0) {
    const message =
      "No replica of the data plane is found: see spec.traefik of the RouteClass, and its Service.";
    const finding: Finding = { status: "Unknown", reason: routeReason.noDataPlane, message };
    return { programmed: finding, replicas: { programmed: 0, total: 0 } };
  }
  const seen: Seen[] = views.map((view) => ({
    replica: view.replica.name,
    finding: inView(known, view, nowMs),
  }));
  const programmed = worstOf(seen);
  if (!programmed) return undefined;
  const good = seen.filter(({ finding }) => finding?.status === "True").length;
  return { programmed, replicas: { programmed: good, total: seen.length } };
}

/** What is to be said of a Route whose requests nobody takes: until somebody does, Traefik may leave its routers out. */
export function judgeWaiting(reason: RouteReason): Omit<Verdict, "behaves"> {
  const message = "The replicas of the data plane are not asked while nobody behind a target is ready.";
  return { programmed: { status: "Unknown", reason, message }, replicas: { programmed: 0, total: 0 } };
}

/** What is to be said of a Route of which nothing is made any more; undefined when no replica serves what was. */
export function judgeLeaving(
  { routers }: Subject,
  views: readonly ReplicaView[],
): Omit<Verdict, "behaves"> | undefined {
  const names = routers.flatMap((router) => router.names);
  const serving = views.filter((view) => names.some((name) => view.routers?.has(name)));
  if (serving.length === 0) return undefined;
  const replicas = { programmed: serving.length, total: views.length };
  const message = `${replicas.programmed} of ${replicas.total} replicas still serve what it was.`;
  return { programmed: { status: "False", reason: routeReason.notProgrammed, message }, replicas };
}

/** What is to be said of the requests; undefined while one of the replicas was not tried. */
export function judgeBehaviour(known: Known, views: readonly ReplicaView[]): Finding | undefined {
  const { probe } = known.subject;
  if ("impossible" in probe) return untried(known.subject.routers.length > 0, probe);
  return worstOf(views.map(({ replica: { name } }) => ({ replica: name, finding: known.probes.get(name) })));
}

/**
 * That replicas show the configuration as it is will be all that is ever known. A Gateway shows nothing of the kind; and
 * who is let in is seen by requests only.
 */
function untried(
  isShown: boolean,
  { impossible, refusedBy }: Extract<ProbePlan, { impossible: string }>,
): Finding {
  const message = `No request was tried: ${impossible}.`;
  return isShown && refusedBy === "nobody"
    ? { status: "True", reason: routeReason.untried, message }
    : { status: "Unknown", reason: routeReason.probeInconclusive, message };
}

function inView({ subject, sinceMs }: Known, view: ReplicaView, nowMs: number): Finding | undefined {
  if (isStarting(view, nowMs)) return undefined;
  const { routers, readAtMs = -Infinity, failure } = view;
  const isFresh = readAtMs >= sinceMs && (!failure || nowMs - readAtMs < trustMs);
  if (routers && isFresh) return servedAlone(programmedIn(subject.routers, routers), subject, view);
  if (!failure || failure.atMs < sinceMs) return undefined;
  const message = `It cannot be asked what it serves: ${failure.message}.`;
  return { status: "Unknown", reason: routeReason.probeInconclusive, message };
}

/** A Route is not served while what a former one has left may answer in its place. */
function servedAlone(served: Finding, { routers }: Subject, { leftovers = [] }: ReplicaView): Finding {
  const leftover = served.status === "True" ? leftoverFor(routers, leftovers) : undefined;
  if (!leftover) return served;
  const message = `Traefik still has the router ${leftover.name} of a Route that is gone, for the same requests.`;
  return { status: "False", reason: routeReason.notProgrammed, message };
}

function isStarting({ routers, foundAtMs }: ReplicaView, nowMs: number): boolean {
  return routers?.size === 0 && nowMs - foundAtMs < startMs;
}
