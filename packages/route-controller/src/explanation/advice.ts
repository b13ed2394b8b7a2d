import { type RouteReason, routeReason } from "@datalayer/shared/crds/route";

/** What its owner, or the administrator, can do about a reason; those that pass by themselves have none. */
const adviceByReason: Partial<Record<RouteReason, string>> = {
  [routeReason.classNotFound]: "Name a RouteClass that is there in spec.routeClassName, or create that one.",
  [routeReason.authRequired]: "The class wants authentication: choose another way than spec.auth.none.",
  [routeReason.invalidSpec]: "Correct the field that the message names.",
  [routeReason.hostNotAllowed]:
    "Choose a host that the RouteClass gives to this namespace in its spec.hosts, or have it added there.",
  [routeReason.conflict]:
    "An older Route has the same requests: choose another host or path. This Route takes over when the older one goes.",
  [routeReason.refNotFound]:
    "Create what the message names, in the namespace of the Route, or correct the name.",
  [routeReason.refNotPermitted]:
    "Name something that a Route may use: a Service or Pods of its own namespace.",
  [routeReason.noReadyPods]: "Look why the Pods of the target are not ready.",
  [routeReason.noEndpoints]:
    "Look why no Pod behind the Service is ready: a Deployment may be scaled to none, or the selector find none.",
  [routeReason.unsupported]:
    "Leave out what the backend of the class cannot do, choose another class, or set spec.onUnsupported to Degrade where nothing that protects is concerned.",
  [routeReason.certManagerMissing]:
    "Install cert-manager, or name a Secret with a certificate in spec.tls.secretName.",
  [routeReason.certificatePending]: "If it takes long, look at the Certificate, and at the issuer.",
  [routeReason.certificateNotServed]:
    "See that the Secret of spec.tls is there, in the namespace of the Route, and holds a valid certificate for its hosts and the key of it.",
  [routeReason.routerError]:
    "Report it: the objects that were made of the Route are not what the proxy takes.",
  [routeReason.noDataPlane]: "See that replicas of the proxy run, and that the RouteClass says where.",
  [routeReason.authNotEnforced]:
    "A request without credentials got through. With spec.auth.target, have the target refuse it; otherwise report it.",
  [routeReason.targetFails]:
    "Look why the target takes no connections at its port, or does not answer in time.",
};

/** What can be done about a reason; undefined when there is nothing to do but wait. */
export function adviceFor(reason: string): string | undefined {
  return (adviceByReason as Record<string, string | undefined>)[reason];
}
