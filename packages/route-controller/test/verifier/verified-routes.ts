import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { Route, RouteAuth } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { kindOf } from "@datalayer/shared/kube/testkit/chart";
import type { ResolvedAuth } from "../../src/backends/backend.ts";
import { traefikBackend } from "../../src/backends/traefik/backend.ts";
import {
  headersFromVerifier,
  headersToVerifier,
  verifiedField,
  verifierUrl,
} from "../../src/verifier/address.ts";
import { ask } from "../client.ts";
import type { Harness } from "../harness.ts";
import { resolvedRoute, resolvedRule, resolvedTarget } from "../resolved-route.ts";

/** Creates a Route to the Service `target`, and what Traefik needs for it; serves `http://<name>.test/` on return. */
export async function serveVerified(
  harness: Harness,
  routeClass: RouteClass,
  route: { name: string; auth: RouteAuth; traefikUrl: string },
): Promise<Route> {
  const { name, auth, traefikUrl } = route;
  const made = await harness.createRoute(name, { auth });
  const { namespace = "", uid } = made.metadata;
  const resolved = resolvedRoute({
    namespace,
    name,
    uid,
    owner: { apiVersion: "datalayer.io/v1", kind: "Route", name, uid, controller: true },
    hosts: made.spec.hosts,
    auth: resolvedAuth(made, routeClass),
    rules: [resolvedRule({ targets: [resolvedTarget({ service: { name: "target", port: 80 } })] })],
  });
  const translation = traefikBackend.translate(resolved, routeClass, undefined);
  if (!("objects" in translation)) throw new Error(JSON.stringify(translation.unsupported));
  await Promise.all(translation.objects.map((object) => harness.admin.apply(kindOf(object), object)));
  await eventually(async () => (await ask(traefikUrl, { host: `${name}.test` })).status !== 404, {
    timeoutMs: 60_000,
    message: `Traefik serving ${name}`,
  });
  return made;
}

function resolvedAuth({ metadata, spec: { auth } }: Route, { spec }: RouteClass): ResolvedAuth {
  const field = verifiedField(auth);
  if (!field) return { kind: "none" };
  return {
    kind: "forward",
    field,
    url: verifierUrl(spec.verifier?.url ?? "", metadata.uid),
    requestHeaders: headersToVerifier(auth),
    responseHeaders: headersFromVerifier(auth, spec),
  };
}
