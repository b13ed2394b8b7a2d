import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { hashOf } from "../../route/names.ts";
import type { Backend, ResolvedRoute, Translation } from "../backend.ts";
import { gapsOf } from "./gaps.ts";
import { metadataOf, NamedParts } from "./objects.ts";
import { routerSets } from "./routers.ts";

/** Serves Routes by Traefik 3.7, with its own kinds. */
export const traefikBackend: Backend = {
  name: "traefik",
  translate(route, routeClass): Translation {
    const gaps = gapsOf(route);
    const final = gaps.filter(({ mayDegrade }) => !mayDegrade || route.onUnsupported === "Reject");
    if (final.length > 0) return { unsupported: final.map(({ field, reason }) => ({ field, reason })) };
    return {
      objects: objectsOf(route, routeClass),
      degraded: gaps.map(({ field, reason }) => ({ field, reason })),
    };
  },
};

function objectsOf(route: ResolvedRoute, routeClass: Parameters<Backend["translate"]>[1]) {
  // Every other object is called by a hash of what it says: that of the routers stands for all.
  const unmarked = routerSets(route, routeClass, new NamedParts(route), noHash);
  const intent = hashOf(unmarked);
  const parts = new NamedParts(route);
  const routers = routerSets(route, routeClass, parts, intent);
  return [
    ...parts.all(intent),
    ...routers.map(({ name, spec }) => ({
      apiVersion: IngressRoute.apiVersion,
      kind: IngressRoute.kind,
      metadata: metadataOf(route, name, intent),
      spec,
    })),
  ];
}

const noHash = "0".repeat(24);
