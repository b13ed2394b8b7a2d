import { readFile, readdir } from "node:fs/promises";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import { defineKind, type Kind, type KubeObject, type Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { parseAllDocuments } from "yaml";
import { label } from "../src/runtime/names.ts";

const chartFiles = new URL("../../../charts/runtime-controller/files/", import.meta.url);
/** The namespace that the chart's files are written for. */
const chartNamespace = "datalayer-runtimes";

/** What of a Role or a binding has to follow the namespace. */
interface RbacManifest extends KubeObject {
  roleRef?: { name: string };
  subjects?: { namespace?: string }[];
}

/** Every object of a folder of the chart, or of one file in it. */
export async function chartObjects(
  folder: "crds" | "policies" | "rbac" | "disruption",
): Promise<Manifest<RbacManifest>[]> {
  const directory = new URL(`${folder}/`, chartFiles);
  const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml")).sort();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, directory), "utf8")));
  return texts.flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as Manifest<RbacManifest>),
  );
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

/** A token of a ServiceAccount, good for an hour. */
export async function tokenOf(
  admin: RestClient,
  account: { namespace: string; name: string },
): Promise<string> {
  const { namespace, name } = account;
  const answer = await admin.raw({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} }),
  });
  return (answer as { status: { token: string } }).status.token;
}

/** The kind of any manifest; its plural is the usual one. */
export function kindOf({ apiVersion, kind, metadata }: Manifest<KubeObject>): Kind {
  const singular = kind.toLowerCase();
  const plural = singular.endsWith("y") ? `${singular.slice(0, -1)}ies` : `${singular}s`;
  return defineKind({ apiVersion, kind, plural, namespaced: metadata.namespace !== undefined });
}

function movedTo(namespace: string, object: Manifest<RbacManifest>): Manifest<RbacManifest> {
  const text = JSON.stringify(object).replaceAll(
    `"namespace":"${chartNamespace}"`,
    `"namespace":"${namespace}"`,
  );
  const moved = JSON.parse(text) as Manifest<RbacManifest>;
  // Each test file has a binding of its own; the cluster-wide role is the same for all.
  if (moved.kind === "ClusterRoleBinding") moved.metadata.name = `${moved.metadata.name}-${namespace}`;
  return moved;
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
