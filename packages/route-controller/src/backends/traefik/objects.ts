import { Middleware, ServersTransport, TlsOption, TraefikServiceKind } from "@datalayer/shared/crds/traefik";
import type { KubeObject, Kind, Manifest } from "@datalayer/shared/kube/object";
import { hashOf, intentAnnotation, managedBy, nameOf } from "../../route/names.ts";
import type { ResolvedRoute } from "../backend.ts";

/**
 * What routers name: middlewares, transports, services. Each is called by what it says, so that a change makes
 * another one and no router ever has half of it: the new ones come first, then the routers, then the old ones go.
 */
export class NamedParts {
  readonly #route: ResolvedRoute;
  readonly #parts = new Map<string, Manifest<KubeObject> & { spec: unknown }>();

  constructor(route: ResolvedRoute) {
    this.#route = route;
  }

  /** Name of the Middleware that does this. */
  readonly middleware = (spec: Middleware["spec"]): string => this.#add(Middleware, spec);
  /** Name of the ServersTransport of these settings. */
  readonly transport = (spec: ServersTransport["spec"]): string => this.#add(ServersTransport, spec);
  /** Name of the TraefikService made of these. */
  readonly service = (spec: TraefikServiceKind["spec"]): string => this.#add(TraefikServiceKind, spec);
  /** Name of the TLSOption of these settings. */
  readonly tlsOption = (spec: TlsOption["spec"]): string => this.#add(TlsOption, spec);

  /** All of them, those that others name first. */
  all(intent: string): Manifest<KubeObject>[] {
    return [...this.#parts.entries()].map(([name, part]) => ({
      ...part,
      metadata: metadataOf(this.#route, name, intent),
    }));
  }

  #add<T extends KubeObject & { spec: object }>({ apiVersion, kind }: Kind<T>, spec: T["spec"]): string {
    const name = nameOf(this.#route.uid, kind, hashOf(spec));
    this.#parts.set(name, { apiVersion, kind, metadata: { name }, spec });
    return name;
  }
}

/** Metadata of what is made of a Route. */
export function metadataOf(
  { namespace, owner }: ResolvedRoute,
  name: string,
  intent: string,
): Manifest<KubeObject>["metadata"] {
  return {
    name,
    namespace,
    labels: { [managedBy.label]: managedBy.value },
    annotations: { [intentAnnotation]: intent },
    ownerReferences: [owner],
  };
}
