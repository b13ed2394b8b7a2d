import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import {
  type ChartObject,
  kindOf,
  movedTo,
  objectsOfChart,
  tokenOf,
} from "@datalayer/shared/kube/testkit/chart";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { label } from "../src/runtime/names.ts";

export { kindOf, tokenOf };

/** Every object of a folder of the chart. */
export function chartObjects(
  folder: "crds" | "policies" | "rbac" | "disruption",
): Promise<Manifest<ChartObject>[]> {
  return objectsOfChart("runtime-controller", folder);
}

/** Makes the API server serve our kinds and enforce our policies. Any number of test files may do so at once. */
export async function installChart(admin: RestClient, namespace: string): Promise<void> {
  const objects = [...(await chartObjects("crds")), ...(await chartObjects("policies"))];
  await Promise.all(objects.map((object) => admin.apply(kindOf(object), object)));
  await eventually(() => Promise.all([admin.list(RuntimePool), admin.list(RuntimeEnvironment)]), {
    message: "our kinds being served",
  });
  await eventually(() => isRefused(admin, namespace), { message: "the policies being in force" });
}

/** Gives a namespace the chart's ServiceAccounts with their rights, and its protection of assigned runtimes. */
export async function installRbac(admin: RestClient, namespace: string): Promise<void> {
  const files = [...(await chartObjects("rbac")), ...(await chartObjects("disruption"))];
  const objects = files.map((object) => movedTo(namespace, object));
  await Promise.all(objects.map((object) => admin.apply(kindOf(object), object)));
}

/** Whether a Pod that no policy would let pass is refused; nothing is created. */
async function isRefused(admin: RestClient, namespace: string): Promise<boolean> {
  const labels = { [label.app]: runtimeApp, [label.state]: "assigned" };
  const containers = [{ name: "c", image: "i" }];
  const manifest = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "probe", labels },
    spec: { containers },
  };
  try {
    await admin.raw({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/${Pod.plural}?dryRun=All`,
      body: JSON.stringify(manifest),
    });
    return false;
  } catch (error) {
    if (error instanceof ApiError && error.message.includes("a new runtime starts as pending")) return true;
    throw error;
  }
}
