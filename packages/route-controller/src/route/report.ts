import type { ReportedCondition } from "@datalayer/shared/controller/conditions";
import type { Report, StatusFields } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, stalled, waiting } from "@datalayer/shared/controller/outcome";
import { type Route, routeCondition, routeReason, type RouteTarget } from "@datalayer/shared/crds/route";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { certificateCondition, type CertificateState } from "../certificates/certificate-condition.ts";
import { type ReadinessReport, reportReadiness } from "../readiness/report.ts";
import type { Finding, Verdict } from "../readiness/verdict.ts";
import { classNameOf } from "./class-policy.ts";
import { pathOf } from "./matching.ts";
import type { RoutePlan, Stage } from "./plan.ts";
import { isUnready, reasonOf, type ReferenceFault } from "./references.ts";
import { isPool } from "./resolve.ts";

/** What is known of a Route after its plan was carried out. */
export interface RouteResult {
  plan: RoutePlan;
  /** The objects that there are of it. */
  made: readonly KubeObject[];
  certificate: CertificateState;
  /** What the data plane shows; undefined when nothing is known yet. */
  verdict: Verdict | undefined;
}

/** Something else changes sooner: this is for what no watch tells. */
const lookAgainMs = 60_000;

const stages: readonly Stage[] = ["accepted", "resolved", "translated"];
const conditionOf: Readonly<Record<Stage, string>> = {
  accepted: routeCondition.accepted,
  resolved: routeCondition.resolvedRefs,
  translated: routeCondition.translated,
};
const allIsWell: Readonly<Record<Stage, Finding>> = {
  accepted: {
    status: "True",
    reason: routeReason.accepted,
    message: "The RouteClass takes the Route.",
  },
  resolved: { status: "True", reason: routeReason.resolvedRefs, message: "All that it names is there." },
  translated: {
    status: "True",
    reason: routeReason.translated,
    message: "The objects for the data plane are written.",
  },
};

/** The status of a Route. */
export function reportRoute(route: Route, result: RouteResult): Report<Route> {
  const { plan, certificate, verdict } = result;
  const findings = stages.map((stage): ReportedCondition => ({
    type: conditionOf[stage],
    ...findingOf(stage, plan),
  }));
  const ofCertificate = certificateCondition(certificate);
  const { served } = plan;
  const seen = served && reportReadiness(route, { className: classNameOf(route), ...served, verdict });
  const obstacle = obstacleOf(plan, ofCertificate);
  return {
    status: statusOf(route, result, (seen ?? verdict)?.replicas),
    conditions: [
      ...findings,
      hostClaimedOf(plan),
      ofCertificate,
      ...(seen ? servedConditions(seen, obstacle) : [unservedCondition(route, plan, verdict)]),
    ],
    outcome: obstacle ?? seen?.outcome ?? settled(),
  };
}

/** While something is in the way of a Route, it is not ready, whatever the data plane shows. */
function servedConditions(
  { conditions }: ReadinessReport,
  obstacle: Outcome | undefined,
): ReportedCondition[] {
  return obstacle ? conditions.filter(({ type }) => type !== "Ready") : conditions;
}

/** Nothing is made of it any more, but the data plane may not have heard of that, and ends nothing that is open. */
function unservedCondition(
  route: Route,
  { refusal }: RoutePlan,
  verdict: Verdict | undefined,
): ReportedCondition {
  const sentences = [
    "Nothing is made of the Route.",
    ...(verdict ? [verdict.programmed.message] : []),
    ...(refusal ? [refusal.message] : []),
    ...(isByGateway(route) ? [] : ["What it let in before, and is still open, ends with its target."]),
  ];
  return {
    type: routeCondition.programmed,
    status: "False",
    reason: routeReason.notProgrammed,
    message: sentences.join(" "),
  };
}

/** Whether all that it lets in goes through the runtime gateway, which ends it. */
function isByGateway({ spec: { rules } }: Route): boolean {
  return rules.every(({ targets = [] }) => targets.every(({ runtime }) => isPool(runtime)));
}

function findingOf(stage: Stage, { refusal, faults, unsupported }: RoutePlan): Finding {
  if (refusal) {
    const { reason, message } = refusal;
    if (refusal.stage === stage) return { status: "False", reason, message };
    if (stages.indexOf(stage) > stages.indexOf(refusal.stage))
      return { status: "Unknown", reason, message: "Not looked at: the Route is refused before." };
  }
  const unresolved = unresolvedOf(faults);
  const fault = worstOf(unresolved);
  if (stage === "resolved" && fault)
    return { status: "False", reason: reasonOf(fault), message: messageOf(unresolved) };
  if (stage === "translated" && unsupported.length > 0)
    return {
      status: "True",
      reason: routeReason.degraded,
      message: unsupported.map(({ field, reason }) => `Without ${field}: ${reason}`).join("; "),
    };
  return allIsWell[stage];
}

function hostClaimedOf({ refusal }: RoutePlan): ReportedCondition {
  const type = routeCondition.hostClaimed;
  if (refusal?.stage !== "accepted")
    return { type, status: "True", reason: routeReason.hostClaimed, message: "The requests are its own." };
  const { reason, message } = refusal;
  const isAboutHosts = reason === routeReason.conflict || reason === routeReason.hostNotAllowed;
  return { type, status: isAboutHosts ? "False" : "Unknown", reason, message };
}

/** The first thing that is in the way of a Route; undefined when nothing is. */
function obstacleOf({ refusal, faults }: RoutePlan, ofCertificate: Finding): Outcome | undefined {
  if (refusal) {
    const { reason, message } = refusal;
    const isTransient = reason === routeReason.noDataPlane;
    return isTransient ? waitingFor({ reason, message }) : stalled({ reason, message });
  }
  const unresolved = unresolvedOf(faults);
  const fault = worstOf(unresolved);
  if (fault) return waitingFor({ reason: reasonOf(fault), message: messageOf(unresolved) });
  if (ofCertificate.status === "False") return waitingFor(ofCertificate);
  const [empty] = faults;
  return empty && waitingFor({ reason: reasonOf(empty), message: messageOf(faults) });
}

/** References that cannot be followed: of others, nobody takes the requests now. */
function unresolvedOf(faults: readonly ReferenceFault[]): ReferenceFault[] {
  return faults.filter(({ kind }) => kind !== "empty");
}

/** What is missing counts before what is not ready. */
function worstOf(faults: readonly ReferenceFault[]): ReferenceFault | undefined {
  return faults.find((fault) => !isUnready(fault)) ?? faults[0];
}

function waitingFor({ reason, message }: Pick<Finding, "reason" | "message">): Outcome {
  return waiting({ reason, message, retryAfterMs: lookAgainMs });
}

function messageOf(faults: readonly ReferenceFault[]): string {
  return faults.map(({ message }) => message).join(" ");
}

function statusOf(
  route: Route,
  { plan, made }: RouteResult,
  replicas: ReadinessReport["replicas"] | undefined,
): StatusFields<Route> {
  const { served, unsupported, conflicts } = plan;
  const url = urlOf(route);
  const target = targetOf(route.spec.rules[0]?.targets?.[0]);
  return {
    ...(url !== undefined && { url }),
    ...(target !== undefined && { target }),
    ...(conflicts.length > 0 && { conflictsWith: [...conflicts] }),
    backends: [
      {
        class: classNameOf(route),
        ...(served && { hash: served.hash, objects: made.map(referenceTo) }),
        ...(replicas && { replicas }),
        ...(unsupported.length > 0 && { unsupported: [...unsupported] }),
      },
    ],
  };
}

function referenceTo({ apiVersion, kind, metadata: { name, uid, generation } }: KubeObject) {
  return { apiVersion, kind, name, uid, ...(generation !== undefined && { generation }) };
}

/** By the first host that is a name, and the first path that is no expression. */
function urlOf({ spec }: Route): string | undefined {
  const host = spec.hosts.find((name) => !name.startsWith("*"));
  const paths = spec.rules.flatMap(({ matches = [{}] }) => matches.map(pathOf));
  const path = paths.find(({ type }) => type !== "Regex")?.value ?? "/";
  return host === undefined ? undefined : `${spec.tls ? "https" : "http"}://${host}${path}`;
}

function targetOf(target: RouteTarget | undefined): string | undefined {
  if (!target) return undefined;
  const { service, pod, selector, runtime } = target;
  if (service) return `Service/${service.name}`;
  if (pod) return `Pod/${pod.name}`;
  if (selector) {
    const labels = Object.entries(selector.matchLabels).map(([name, value]) => `${name}=${value}`);
    return `Pods/${labels.join(",")}`;
  }
  return `RuntimePool/${runtime?.pool ?? ""}${runtime?.ulid === undefined ? "" : `/${runtime.ulid}`}`;
}
