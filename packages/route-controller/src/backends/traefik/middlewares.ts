import type { Middleware } from "@datalayer/shared/crds/traefik";
import { passHeader } from "../../route/pass.ts";
import type { ResolvedMatch, ResolvedRoute, ResolvedRule } from "../backend.ts";
import { authMiddlewares, pathGuard } from "./auth-middlewares.ts";
import * as policies from "./policy-middlewares.ts";
import { headerEdits, redirect, rewrite } from "./rewrites.ts";

/** What one Middleware does: exactly one field is set. */
export type MiddlewareSpec = Middleware["spec"];

/**
 * What happens to a request, in this order: who may not come in is turned away before anything is done for it, a
 * browser's question before the request (CORS) needs no credentials, and what was asked for is changed last, so that
 * everybody before sees what the client sent. After the Route's own edits of headers nobody can forge its pass.
 */
export function middlewaresOf(
  { auth, policy }: ResolvedRoute,
  rule: ResolvedRule,
  match: ResolvedMatch,
): MiddlewareSpec[] {
  return [
    ...when(policy.ipAllow, policies.ipAllow),
    ...(rule.redirect ? [] : pathGuard(auth)),
    ...when(policy.rateLimit, policies.rateLimit),
    ...when(policy.cors, policies.cors),
    ...authMiddlewares(auth),
    ...when(rule.headers, headerEdits),
    ...when(rule.redirect, (target) => redirect(target, match)),
    ...when(policy.compression, policies.compression),
    ...when(policy.bodyLimit, policies.bodyLimit),
    ...when(policy.circuitBreaker, policies.circuitBreaker),
    ...when(policy.retry, policies.retry),
    ...when(rule.rewrite, (change) => rewrite(change, match)),
    ...when(rule.pass, (text) => ({ headers: { customRequestHeaders: { [passHeader]: text } } })),
  ];
}

function when<Given>(given: Given | undefined, build: (given: Given) => MiddlewareSpec): MiddlewareSpec[] {
  return given === undefined ? [] : [build(given)];
}
