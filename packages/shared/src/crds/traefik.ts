import { defineKind, type KubeObject } from "../kube/object.ts";

/** A Service that a Traefik route sends requests to; only the fields that are used here. */
export interface TraefikService {
  name: string;
  kind?: "Service" | "TraefikService";
  /** Number or name of the port; not with kind TraefikService. */
  port?: number | string;
  scheme?: "http" | "https" | "h2c";
  weight?: number;
  passHostHeader?: boolean;
  serversTransport?: string;
  responseForwarding?: { flushInterval?: string };
  sticky?: {
    cookie: { name?: string; secure?: boolean; httpOnly?: boolean; sameSite?: string; maxAge?: number };
  };
}

/** One router. */
export interface TraefikRoute {
  kind: "Rule";
  match: string;
  priority?: number;
  services?: TraefikService[];
  middlewares?: { name: string }[];
  observability?: { accessLogs?: boolean; metrics?: boolean; tracing?: boolean };
}

/** Traefik's own kind of route; only the fields that are used here. */
export interface IngressRoute extends KubeObject {
  spec: {
    /** Which Traefik takes it; without it, one that takes what names none. */
    ingressClassName?: string;
    entryPoints?: string[];
    routes: TraefikRoute[];
    tls?: { secretName?: string; options?: { name: string } };
  };
}

/** What Traefik does with a request on its way; exactly one field of the spec is set. */
export interface Middleware extends KubeObject {
  spec: Record<string, unknown>;
}

/** How Traefik speaks to targets; only the fields that are used here. */
export interface ServersTransport extends KubeObject {
  spec: {
    serverName?: string;
    insecureSkipVerify?: boolean;
    rootCAs?: { secret?: string; configMap?: string }[];
    forwardingTimeouts?: {
      dialTimeout?: string;
      responseHeaderTimeout?: string;
      idleConnTimeout?: string;
      readIdleTimeout?: string;
      pingTimeout?: string;
    };
  };
}

/** Which certificates Traefik asks clients for; only the fields that are used here. */
export interface TlsOption extends KubeObject {
  spec: {
    minVersion?: string;
    clientAuth?: { secretNames?: string[]; clientAuthType?: string };
    sniStrict?: boolean;
  };
}

/** Services of Traefik that are made of others: weighted ones and mirrors. */
export interface TraefikServiceKind extends KubeObject {
  spec: {
    weighted?: { services: TraefikService[]; sticky?: TraefikService["sticky"] };
    mirroring?: TraefikService & {
      mirrors?: (TraefikService & { percent: number })[];
      /** Larger bodies are not mirrored; in bytes. */
      maxBodySize?: number;
    };
  };
}

const apiVersion = "traefik.io/v1alpha1";

export const IngressRoute = defineKind<IngressRoute>({
  apiVersion,
  kind: "IngressRoute",
  plural: "ingressroutes",
});
export const Middleware = defineKind<Middleware>({ apiVersion, kind: "Middleware", plural: "middlewares" });
export const ServersTransport = defineKind<ServersTransport>({
  apiVersion,
  kind: "ServersTransport",
  plural: "serverstransports",
});
export const TlsOption = defineKind<TlsOption>({ apiVersion, kind: "TLSOption", plural: "tlsoptions" });
export const TraefikServiceKind = defineKind<TraefikServiceKind>({
  apiVersion,
  kind: "TraefikService",
  plural: "traefikservices",
});
