import type { RouteMatch, RouteRule, RouteSpec, RouteTarget } from "@datalayer/shared/crds/route";
import { listed } from "./access.ts";

/** What happens with which requests: one sentence for each rule. */
export function trafficOf({ hosts, rules }: RouteSpec): string[] {
  return rules.map((rule) => `${requestsOf(rule)} to ${listed(hosts, "or")} ${fateOf(rule)}.`);
}

function requestsOf({ matches }: RouteRule): string {
  return matches ? `Requests for ${listed(matches.map(matchText), "or")}` : "Requests";
}

function matchText({ path, methods, headers = [], query = [] }: RouteMatch): string {
  const conditions = [
    ...(methods?.length ? [`by ${listed(methods, "or")}`] : []),
    ...headers.map((header) => `with the header ${condition(header)}`),
    ...query.map((parameter) => `with the parameter ${condition(parameter)}`),
  ];
  return [pathText(path), ...conditions].join(" ");
}

function pathText(path: RouteMatch["path"]): string {
  if (!path) return "any path";
  if (path.type === "Exact") return `${path.value} itself`;
  return path.type === "Regex" ? `paths like ${path.value}` : `${path.value} and below`;
}

function condition({ name, type, value }: { name: string; type?: string; value: string }): string {
  return `${name} ${type === "Regex" ? "like" : "="} ${value}`;
}

function fateOf({ targets = [], redirect, mirror }: RouteRule): string {
  if (redirect) return `are answered with a redirect (${redirect.statusCode ?? 302})`;
  const copy = mirror
    ? `, and ${mirror.percent ?? 100} % of them also to Service ${mirror.service.name}`
    : "";
  return `go to ${targetsText(targets)}${copy}`;
}

function targetsText(targets: readonly RouteTarget[]): string {
  const [only] = targets;
  if (only && targets.length === 1) return targetText(only);
  const total = targets.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const shares = targets.map((target) => {
    const percent = Math.round(((target.weight ?? 1) / total) * 100);
    return `${targetText(target)} (${percent} %)`;
  });
  return listed(shares, "and");
}

function targetText({ service, pod, selector, runtime, port }: RouteTarget): string {
  if (service) return `Service ${service.name}, port ${port}`;
  if (pod) return `Pod ${pod.name}, port ${port}`;
  if (runtime) return `${runtimeText(runtime)}, port ${port}`;
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return `the Pods with ${listed(labels, "and")}, port ${port}`;
}

function runtimeText({ pool, ulid }: NonNullable<RouteTarget["runtime"]>): string {
  return ulid === undefined ? `the runtimes of pool ${pool}` : `runtime ${ulid} of pool ${pool}`;
}
