import type { Route, RouteMatch, RouteRule } from "@datalayer/shared/crds/route";
import { poolPathOf } from "@datalayer/shared/runtime/base-path";
import { isIP } from "node:net";
import { type ClusterAddresses, isClusterInternal, urlFault } from "./addresses.ts";
import { isPool } from "./resolve.ts";

/** What of the cluster decides on whether a Route may be served as it is. */
export interface Surroundings {
  /** Addresses that stand for something of it. */
  cluster: ClusterAddresses;
}

/** Why a value is refused, as the end of a sentence that begins with it. */
type Fault = string | undefined;

/** A value of a Route that has to be looked at. */
interface Check {
  field: string;
  value: string | undefined;
  faultOf: (value: string) => Fault;
}

/**
 * What of a Route may never reach a data plane, as a sentence with field and value; undefined when there is nothing.
 * The API server refuses nearly all of it: an older definition of the kind, or a definition edited by hand, may not.
 */
export function specFaultOf(route: Route, surroundings: Surroundings): string | undefined {
  const checks: Check[] = [
    ...route.spec.hosts.map((value, index) => ({ field: `spec.hosts[${index}]`, value, faultOf: hostFault })),
    ...route.spec.rules.flatMap((rule, index) => checksOfRule(rule, `spec.rules[${index}]`)),
    ...checksOfAuth(route, surroundings),
  ];
  for (const { field, value, faultOf } of checks) {
    const fault = value === undefined ? undefined : faultOf(value);
    if (fault !== undefined) return `${field}: ${shown(value ?? "")} ${fault}.`;
  }
  return undefined;
}

function checksOfRule(rule: RouteRule, at: string): Check[] {
  const { matches = [], rewrite, redirect } = rule;
  return [
    ...matches.flatMap((match, index) => checksOfMatch(match, `${at}.matches[${index}]`)),
    { field: `${at}.rewrite.path`, value: rewrite?.path, faultOf: pathFault },
    { field: `${at}.rewrite.prefix`, value: rewrite?.prefix, faultOf: pathFault },
    { field: `${at}.redirect.path`, value: redirect?.path, faultOf: pathFault },
    { field: `${at}.redirect.prefix`, value: redirect?.prefix, faultOf: pathFault },
    { field: `${at}.redirect.host`, value: redirect?.host, faultOf: textFault },
    ...checksOfPools(rule, at),
  ];
}

/** The gateway finds the runtime by the path that a request comes to it with, which is always that of the pool. */
function checksOfPools({ targets = [], matches = [{}], rewrite }: RouteRule, at: string): Check[] {
  const pools = targets.flatMap(({ runtime }) => (runtime && isPool(runtime) ? [runtime.pool] : []));
  const paths = rewrite
    ? [{ field: `${at}.rewrite`, value: rewrite.prefix ?? rewrite.path }]
    : matches.map(({ path }, index) => {
        return { field: `${at}.matches[${index}].path.value`, value: path?.value ?? "/" };
      });
  return pools.flatMap((pool) => paths.map((path) => ({ ...path, faultOf: poolFaultOf(pool) })));
}

function poolFaultOf(pool: string): (path: string) => Fault {
  const base = poolPathOf(pool);
  return (path) =>
    path === base || path.startsWith(`${base}/`)
      ? undefined
      : `leads to no runtime of pool ${pool}; expected ${base}, or a path below it`;
}

function checksOfMatch(match: RouteMatch, at: string): Check[] {
  const { path, headers = [], query = [] } = match;
  const faultOf = path?.type === "Regex" ? regexFault : pathFault;
  const named = [headers.map((one) => ({ one, of: "headers" })), query.map((one) => ({ one, of: "query" }))];
  return [
    { field: `${at}.path.value`, value: path?.value, faultOf },
    ...named.flatMap((list) =>
      list.flatMap(({ one: { name, value }, of }, index) => [
        { field: `${at}.${of}[${index}].name`, value: name, faultOf: textFault },
        { field: `${at}.${of}[${index}].value`, value, faultOf: textFault },
      ]),
    ),
  ];
}

function checksOfAuth(
  { metadata: { namespace = "" }, spec: { auth } }: Route,
  { cluster }: Surroundings,
): Check[] {
  const faultOf = (url: string): Fault => urlFault(url, { namespace, cluster });
  return [
    { field: "spec.auth.forward.url", value: auth.forward?.url, faultOf },
    { field: "spec.auth.jwt.jwksUrl", value: auth.jwt?.jwksUrl, faultOf },
    { field: "spec.auth.forward.service.path", value: auth.forward?.service?.path, faultOf: pathFault },
  ];
}

function hostFault(host: string): Fault {
  const name = host.replace(/^\*\./, "");
  if (isIP(name) || /(^|\.)[0-9]+$/.test(name)) return "is an address; expected a name";
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name))
    return "is not the name of a host in lower case";
  if (isClusterInternal(name)) return "is a name inside the cluster";
  return undefined;
}

function regexFault(expression: string): Fault {
  return textFault(expression) ?? segmentFault(expression);
}

/** Why this is no path for a Route, as the end of a sentence; undefined when it is one. */
export function pathFault(path: string): Fault {
  if (!path.startsWith("/")) return "does not begin with /";
  if (/[^A-Za-z0-9._~!$&()*+,=:@/-]/.test(path)) return "holds characters that a path cannot have";
  return segmentFault(path);
}

/** Proxies and targets understand them differently, so that a rule would let pass what the target takes for another path. */
function segmentFault(path: string): Fault {
  if (path.includes("//")) return "holds an empty segment";
  if (/\/\.{1,2}(\/|$)/.test(path)) return "holds a dot segment";
  if (path.includes("%")) return "holds a percent-encoded character";
  return undefined;
}

/** What could end a string in the configuration of a data plane. */
function textFault(text: string): Fault {
  if (/[`"'\\{}\p{Cc}]/u.test(text))
    return "holds a quote, a backtick, a backslash, a brace or a control character";
  return undefined;
}

function shown(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
}
