import type { RoutePolicy } from "@datalayer/shared/crds/route";
import type { ResolvedRoute, ResolvedRule } from "../backend.ts";

/** The Route without the fields that are refused; only fields that may degrade are looked for. */
export function withoutFields(route: ResolvedRoute, refused: ReadonlySet<string>): ResolvedRoute {
  return {
    ...route,
    rules: route.rules.map((rule, index) => withoutMirror(rule, `spec.rules[${index}].mirror`, refused)),
    policy: policyWithout(route.policy, refused),
  };
}

/** A copy of all requests is more than a copy of some: where the share cannot be said, there is none. */
function withoutMirror(rule: ResolvedRule, field: string, refused: ReadonlySet<string>): ResolvedRule {
  if (!refused.has(field) && !refused.has(`${field}.percent`)) return rule;
  return Object.fromEntries(
    Object.entries(rule).filter(([name]) => name !== "mirror"),
  ) as unknown as ResolvedRule;
}

function policyWithout({ cors, timeouts, retry }: RoutePolicy, refused: ReadonlySet<string>): RoutePolicy {
  const has = (field: string, value: unknown) => value !== undefined && !refused.has(`spec.policy.${field}`);
  return {
    ...(has("cors", cors) && { cors }),
    ...(has("timeouts.request", timeouts?.request) && { timeouts: { request: timeouts?.request } }),
    ...(retry && has("retry", retry) && { retry: retryWithout(retry, refused) }),
  };
}

/** At once is soon enough where the pause between attempts cannot be said. */
function retryWithout(
  { attempts, initialInterval }: NonNullable<RoutePolicy["retry"]>,
  refused: ReadonlySet<string>,
): NonNullable<RoutePolicy["retry"]> {
  const isLeftOut = initialInterval === undefined || refused.has("spec.policy.retry.initialInterval");
  return { attempts, ...(!isLeftOut && { initialInterval }) };
}
