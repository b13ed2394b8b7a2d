import { createHash } from "node:crypto";
import type { Route, RouteAuth } from "@datalayer/shared/crds/route";
import type { Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
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

/** A Secret `keys` with the key of each client. */
export function apiKeys(namespace: string, clients: Record<string, string>): Manifest<Secret> {
  const hashed = Object.entries(clients).map(([client, value]) => {
    const digest = createHash("sha256").update(value).digest("hex");
    return [client, Buffer.from(digest).toString("base64")];
  });
  const data = Object.fromEntries(hashed) as Record<string, string>;
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "datalayer.io/api-keys",
    metadata: { namespace, name: "keys" },
    data,
  };
}
