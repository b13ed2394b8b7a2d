import { defineKind, type KubeObject } from "../kube/object.ts";
import type { Condition } from "./conditions.ts";

/**
 * A certificate that cert-manager gets and renews; served where cert-manager is installed. Only the fields that are
 * used here.
 */
export interface Certificate extends KubeObject {
  spec: {
    secretName: string;
    dnsNames: string[];
    issuerRef: { name: string; kind: string; group: string };
  };
  status?: { conditions?: Condition[] };
}

export const Certificate = defineKind<Certificate>({
  apiVersion: "cert-manager.io/v1",
  kind: "Certificate",
  plural: "certificates",
});
