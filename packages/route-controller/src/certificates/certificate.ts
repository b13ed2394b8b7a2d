import { Certificate } from "@datalayer/shared/crds/cert-manager";
import type { Route } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { Manifest } from "@datalayer/shared/kube/object";
import { managedBy, nameOf, ownedBy } from "../route/names.ts";

/** Who issues the certificate of a Route: whom the Route names, or else its class. */
export type Issuer = NonNullable<RouteClass["spec"]["issuerRef"]>;

/** Undefined for a Route that has a certificate of its own, or needs none, or for which nobody issues one. */
export function issuerOf({ spec: { tls } }: Route, { spec }: RouteClass): Issuer | undefined {
  if (!tls || tls.secretName !== undefined) return undefined;
  return tls.issuerRef ?? spec.issuerRef;
}

/** The name of the Certificate of a Route, and of the Secret that cert-manager puts it into. */
export function certificateNameOf({ metadata }: Route): string {
  return nameOf(metadata.uid, "certificate");
}

/** What cert-manager makes the certificate of a Route from: one for all its hosts. */
export function buildCertificate(
  route: Route,
  { name, kind = "ClusterIssuer" }: Issuer,
): Manifest<Certificate> {
  const own = certificateNameOf(route);
  return {
    apiVersion: Certificate.apiVersion,
    kind: Certificate.kind,
    metadata: {
      name: own,
      namespace: route.metadata.namespace,
      labels: { [managedBy.label]: managedBy.value },
      ownerReferences: [ownedBy(route)],
    },
    spec: {
      secretName: own,
      dnsNames: route.spec.hosts,
      issuerRef: { name, kind, group: "cert-manager.io" },
    },
  };
}
