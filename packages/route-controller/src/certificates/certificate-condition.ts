import { findCondition, type ReportedCondition } from "@datalayer/shared/controller/conditions";
import type { Certificate } from "@datalayer/shared/crds/cert-manager";
import { type Route, routeCondition, routeReason } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { issuerOf } from "./certificate.ts";

/** Where the certificate of a Route comes from, and how far that is. */
export type CertificateState =
  | { source: "none" }
  | { source: "secret"; secretName: string }
  | { source: "cert-manager"; isInstalled: boolean; certificate: Certificate | undefined };

/** How it is with the certificate of a Route. */
export function certificateStateOf(observed: {
  route: Route;
  routeClass: RouteClass | undefined;
  hasCertManager: boolean;
  certificate: Certificate | undefined;
}): CertificateState {
  const { route, routeClass, hasCertManager, certificate } = observed;
  const secretName = route.spec.tls?.secretName;
  if (secretName !== undefined) return { source: "secret", secretName };
  const issuer = routeClass && issuerOf(route, routeClass);
  return issuer ? { source: "cert-manager", isInstalled: hasCertManager, certificate } : { source: "none" };
}

/** What there is to say of the certificate of a Route. A Secret is never read, so that nothing is known of it. */
export function certificateCondition(state: CertificateState): ReportedCondition {
  const type = routeCondition.certificateReady;
  if (state.source === "none")
    return {
      type,
      status: "True",
      reason: routeReason.notNeeded,
      message: "The Route is served over HTTP only.",
    };
  if (state.source === "secret")
    return {
      type,
      status: "Unknown",
      reason: routeReason.secretNotRead,
      message: `Secret "${state.secretName}" is used as it is; the controller does not read Secrets.`,
    };
  if (!state.isInstalled)
    return {
      type,
      status: "False",
      reason: routeReason.certManagerMissing,
      message:
        "spec.tls: certificates are issued by cert-manager, which this cluster does not have: expected the kind Certificate of cert-manager.io/v1.",
    };
  return conditionOf(state.certificate);
}

function conditionOf(certificate: Certificate | undefined): ReportedCondition {
  const type = routeCondition.certificateReady;
  const ready = findCondition(certificate?.status?.conditions ?? [], "Ready");
  if (ready?.status === "True")
    return {
      type,
      status: "True",
      reason: routeReason.certificateReady,
      message: "The certificate was issued.",
    };
  const said = ready?.message ? `: ${ready.message}` : ".";
  return {
    type,
    status: "False",
    reason: routeReason.certificatePending,
    message: `cert-manager has not issued the certificate yet${said}`,
  };
}
