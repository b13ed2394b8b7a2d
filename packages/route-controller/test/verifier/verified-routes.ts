import type { Route, RouteAuth } from "@datalayer/shared/crds/route";
import type { Harness } from "../harness.ts";
import { ask } from "../client.ts";
import { eventually } from "@datalayer/devcluster/testkit/eventually";

/** Creates a Route to the Service `target`; `http://<name>.test/` of Traefik serves it on return. */
export async function serveVerified(
  harness: Harness,
  { name, auth, traefikUrl }: { name: string; auth: RouteAuth; traefikUrl: string },
): Promise<Route> {
  const made = await harness.createRoute(name, { auth });
  await harness.condition(name, "Ready", "True");
  await eventually(async () => (await ask(traefikUrl, { host: `${name}.test` })).status !== 404, {
    timeoutMs: 60_000,
    message: `Traefik serving ${name}`,
  });
  return made;
}
