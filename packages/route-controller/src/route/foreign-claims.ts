import { HttpRoute } from "@datalayer/shared/crds/gateway-api";
import type { RouteMatch } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { Ingress } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Claimant } from "./conflicts.ts";
import { type Claim, claimKeyOf, type PathMatch, pathOf } from "./matching.ts";
import { routeOf } from "./names.ts";

const byClaim = "foreign-claim";

/** The index of a cache of Ingresses, IngressRoutes or HTTPRoutes: by what those ask for that no Route was made into. */
export const foreignIndexes = {
  [byClaim]: (object: KubeObject): string[] => [...new Set(foreignClaimsOf(object).map(claimKeyOf))],
};

/** A cache of objects that can be in the way of Routes, with `foreignIndexes`. */
export type ForeignReader = Pick<ObjectReader<KubeObject>, "byIndex" | "onChange">;

/** Who else asks a data plane for what this key stands for, without a Route. */
export function foreignClaimants(
  claimKey: string,
  routeClass: RouteClass,
  readers: readonly ForeignReader[],
): Claimant[] {
  return readers
    .flatMap((reader) => reader.byIndex(byClaim, claimKey))
    .filter((object) => isServedBy(routeClass, object))
    .map((object) => claimantOf(object, claimKey));
}

/** What an object asks for that is not of our making; nothing of what cannot be said as a Route. */
export function foreignClaimsOf(object: KubeObject): Claim[] {
  if (routeOf(object)) return [];
  if (object.kind === Ingress.kind) return claimsOfIngress(object);
  if (object.kind === IngressRoute.kind) return claimsOfIngressRoute(object as IngressRoute);
  return object.kind === HttpRoute.kind ? claimsOfHttpRoute(object as HttpRoute) : [];
}

function claimantOf(object: KubeObject, claimKey: string): Claimant {
  const { namespace = "", name, uid, creationTimestamp } = object.metadata;
  const claims = foreignClaimsOf(object).filter((claim) => claimKeyOf(claim) === claimKey);
  const matches = claims.map(({ match }) => match);
  return { namespace, name, uid, creationTimestamp, matches, isRoute: false };
}

/** Whether the data plane of a class reads the object. */
function isServedBy({ spec: { backend, traefik, gateway } }: RouteClass, object: KubeObject): boolean {
  if (object.kind !== HttpRoute.kind)
    return backend !== "gateway-api" && isOfClass(traefik?.ingressClass, ingressClassOf(object));
  const { parentRefs = [] } = (object as HttpRoute).spec;
  return parentRefs.some(
    ({ name, namespace = object.metadata.namespace }) =>
      name === gateway?.name && namespace === gateway.namespace,
  );
}

/** A Traefik that is told no class reads what names none, and what names `traefik`. */
function isOfClass(wanted: string | undefined, named = ""): boolean {
  return wanted ? named === wanted : named === "" || named === "traefik";
}

function ingressClassOf(object: KubeObject): string | undefined {
  const { spec } = object as KubeObject & { spec?: { ingressClassName?: string } };
  return spec?.ingressClassName ?? object.metadata.annotations?.["kubernetes.io/ingress.class"];
}

function claimsOfIngress({ spec }: Ingress): Claim[] {
  return (spec?.rules ?? []).flatMap(({ host, http }) =>
    (http?.paths ?? []).flatMap(({ path = "/", pathType }) =>
      claim(host, { type: pathType === "Exact" ? "Exact" : "Prefix", value: path }),
    ),
  );
}

const matcher = /\b(Host|Path|PathPrefix)\(`([^`]*)`\)/g;

/** Of a rule that names anything but hosts and paths nothing is known. */
function claimsOfIngressRoute({ spec }: IngressRoute): Claim[] {
  return spec.routes.flatMap(({ match }) => {
    if (!/^[\s()&|]*$/.test(match.replaceAll(matcher, ""))) return [];
    const found = [...match.matchAll(matcher)].map(([, kind = "", value = ""]) => ({ kind, value }));
    const hosts = found.filter(({ kind }) => kind === "Host");
    const paths = found.filter(({ kind }) => kind !== "Host");
    const wanted: PathMatch[] = paths.map(({ kind, value }) => ({
      type: kind === "Path" ? "Exact" : "Prefix",
      value,
    }));
    return hosts.flatMap(({ value: host }) =>
      (wanted.length > 0 ? wanted : [everyPath]).flatMap((path) => claim(host, path)),
    );
  });
}

const everyPath: PathMatch = { type: "Prefix", value: "/" };

function claimsOfHttpRoute({ spec: { hostnames = [], rules = [] } }: HttpRoute): Claim[] {
  const matches = rules.flatMap((rule) => rule.matches ?? [{}]);
  return hostnames.flatMap((host) =>
    matches.map((one) => {
      const match = matchOf(one);
      return { host, path: pathOf(match), match };
    }),
  );
}

type HttpRouteMatch = NonNullable<NonNullable<HttpRoute["spec"]["rules"]>[number]["matches"]>[number];

function matchOf({ path, method, headers = [], queryParams = [] }: HttpRouteMatch): RouteMatch {
  const type = typeOf(path?.type);
  return {
    path: { type: type === "Exact" || type === "Regex" ? type : "Prefix", value: path?.value ?? "/" },
    ...(method !== undefined && { methods: [method as NonNullable<RouteMatch["methods"]>[number]] }),
    headers: headers.map(valueMatch),
    query: queryParams.map(valueMatch),
  };
}

function valueMatch({ type, name, value }: { type?: string; name: string; value: string }): {
  type: "Exact" | "Regex";
  name: string;
  value: string;
} {
  return { type: typeOf(type) === "Regex" ? "Regex" : "Exact", name, value };
}

function typeOf(type: string | undefined): string | undefined {
  return type === "RegularExpression" ? "Regex" : type;
}

function claim(host: string | undefined, path: PathMatch): Claim[] {
  if (host === undefined) return [];
  const match = { path };
  return [{ host, path: pathOf(match), match }];
}
