import { readFile } from "node:fs/promises";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Route } from "@datalayer/shared/crds/route";
import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { parse } from "yaml";
import { kindOf } from "./manifests.ts";

const file = new URL("../../../charts/route-controller/files/crds/routes.datalayer.io.yaml", import.meta.url);

/** Makes the API server serve Routes. The kind stays: other test files may use it at the same time. */
export async function installRouteKind(admin: RestClient): Promise<void> {
  const manifest = parse(await readFile(file, "utf8")) as Manifest<KubeObject>;
  await admin.apply(kindOf(manifest), manifest);
  await eventually(() => admin.list(Route), { message: "Routes being served" });
}

/** The Route of this name once it is there. */
export function untilRoute(
  admin: RestClient,
  ref: { namespace: string; name: string },
  holds: (route: Route) => boolean = () => true,
): Promise<Route> {
  return eventually(
    async () => {
      const { items } = await admin.list(Route, {
        namespace: ref.namespace,
        fieldSelector: `metadata.name=${ref.name}`,
      });
      return items.find(holds);
    },
    { timeoutMs: 30_000, message: `Route ${ref.name}` },
  );
}

/** Writes what the route-controller writes once a Route leads to its target, or does not. */
export async function reportRoute(
  admin: RestClient,
  { metadata }: Route,
  status: "True" | "False" = "True",
): Promise<void> {
  const condition = {
    type: "Ready",
    status,
    reason: status === "True" ? "Programmed" : "NotProgrammed",
    message: status === "True" ? "It is served." : "No replica serves it.",
    lastTransitionTime: new Date().toISOString(),
  };
  const value = { observedGeneration: metadata.generation, conditions: [condition] };
  await admin.patch(Route, metadata, [{ op: "add", path: "/status", value }], { subresource: "status" });
}
