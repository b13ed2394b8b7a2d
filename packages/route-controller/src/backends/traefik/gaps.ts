import type { RouteRedirect } from "@datalayer/shared/crds/route";
import type { ResolvedMatch, ResolvedRoute, ResolvedRule, Unsupported } from "../backend.ts";
import { quotingFault } from "./rule-text.ts";

/** A field that Traefik cannot do. */
interface Gap extends Unsupported {
  /** Whether a Route that allows it is served without. Never where the field protects, or picks the requests. */
  mayDegrade: boolean;
}

/** All of a Route that Traefik cannot do. */
export function gapsOf(route: ResolvedRoute): Gap[] {
  return [...authGaps(route), ...policyGaps(route), ...route.rules.flatMap(ruleGaps)];
}

function authGaps({ auth, tls, hosts }: ResolvedRoute): Gap[] {
  const gaps = hosts.flatMap((host, index) => textGap(`spec.hosts[${index}]`, host));
  if (auth.kind !== "clientCert") return gaps;
  if (!tls)
    return [...gaps, protecting("spec.auth.clientCert", "certificates are asked for with HTTPS only")];
  if (tls.httpPolicy !== "Allow") return gaps;
  const reason = "requests over HTTP carry no client certificate: expected Redirect or Deny";
  return [...gaps, protecting("spec.tls.httpPolicy", reason)];
}

function policyGaps({ policy: { timeouts, sticky }, tls, rules }: ResolvedRoute): Gap[] {
  const unknown = (["request", "idle", "tunnel"] as const).filter((name) => timeouts?.[name] !== undefined);
  const gaps = unknown.map((name) =>
    gap(`spec.policy.timeouts.${name}`, "Traefik has this time limit for whole entry points only"),
  );
  if (timeouts?.backend !== undefined && rules.some(speaksHttps)) {
    const reason =
      "for targets of protocol https, Traefik would no longer trust the authorities that are set for it";
    gaps.push(gap("spec.policy.timeouts.backend", reason));
  }
  if (sticky?.sameSite === "None" && !tls)
    gaps.push(gap("spec.policy.sticky.sameSite", "browsers take None with HTTPS only"));
  return gaps;
}

function speaksHttps({ targets }: ResolvedRule): boolean {
  return targets.some(({ protocol }) => protocol === "https");
}

function ruleGaps(rule: ResolvedRule, index: number): Gap[] {
  const at = `spec.rules[${index}]`;
  return [
    ...rule.matches.flatMap((match, position) => matchGaps(match, `${at}.matches[${position}]`)),
    ...redirectGaps(rule.redirect, `${at}.redirect`),
  ];
}

function matchGaps({ path, headers = [], query = [] }: ResolvedMatch, at: string): Gap[] {
  const ofHeaders = headers.flatMap((header, index) => conditionGaps(header, `${at}.headers[${index}]`));
  const ofHost = headers.flatMap(({ name }, index) =>
    name.toLowerCase() === "host"
      ? [protecting(`${at}.headers[${index}].name`, "Traefik keeps Host apart: name it in spec.hosts")]
      : [],
  );
  const ofQuery = query.flatMap((parameter, index) => conditionGaps(parameter, `${at}.query[${index}]`));
  return [...(path ? valueGaps(path, `${at}.path`) : []), ...ofHeaders, ...ofHost, ...ofQuery];
}

function conditionGaps(condition: { name: string; type?: string; value: string }, at: string): Gap[] {
  return [...textGap(`${at}.name`, condition.name), ...valueGaps(condition, at)];
}

function valueGaps({ type, value }: { type?: string; value: string }, at: string): Gap[] {
  const gaps = textGap(`${at}.value`, value);
  if (type !== "Regex" || gaps.length > 0) return gaps;
  const fault = expressionFault(value);
  return fault === undefined ? [] : [protecting(`${at}.value`, `${JSON.stringify(value)} ${fault}`)];
}

function textGap(field: string, text: string): Gap[] {
  const fault = quotingFault(text);
  return fault === undefined ? [] : [protecting(field, `${JSON.stringify(text)} ${fault}`)];
}

/** Why RE2 would not read an expression, as far as the grammar of JavaScript tells; undefined when it would. */
function expressionFault(expression: string): string | undefined {
  if (/\(\?(?![:)])/.test(expression))
    return "looks ahead or behind, or names a group, which RE2 does not know";
  try {
    new RegExp(expression);
    return undefined;
  } catch {
    return "is not a regular expression";
  }
}

/** Traefik's own kind has no status: it answers 302, or 301 for good, and keeps methods other than GET. */
function redirectGaps(redirect: RouteRedirect | undefined, at: string): Gap[] {
  const code = redirect?.statusCode ?? 302;
  if (code === 301 || code === 302) return [];
  return [gap(`${at}.statusCode`, `Traefik answers 301 or 302, and not ${code}`)];
}

function gap(field: string, reason: string): Gap {
  return { field, reason, mayDegrade: true };
}

function protecting(field: string, reason: string): Gap {
  return { field, reason, mayDegrade: false };
}
