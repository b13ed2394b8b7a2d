import { readdir, readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { defineKind, type Kind, type KubeObject, type Manifest } from "../object.ts";
import type { RestClient } from "../rest.ts";

const charts = new URL("../../../../../charts/", import.meta.url);
/** The namespace that the files of the charts are written for. */
const chartNamespace = "datalayer-runtimes";

/** An object of a chart; what of a Role or a binding has to follow the namespace. */
export interface ChartObject extends KubeObject {
  roleRef?: { name: string };
  subjects?: { namespace?: string }[];
}

/** Every object of a folder in the `files` of a chart. */
export async function objectsOfChart(chart: string, folder: string): Promise<Manifest<ChartObject>[]> {
  const directory = new URL(`${chart}/files/${folder}/`, charts);
  const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml")).sort();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, directory), "utf8")));
  return texts.flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as Manifest<ChartObject>),
  );
}

/** The object as the chart makes it for another namespace. */
export function movedTo(namespace: string, object: Manifest<ChartObject>): Manifest<ChartObject> {
  const text = JSON.stringify(object).replaceAll(
    `"namespace":"${chartNamespace}"`,
    `"namespace":"${namespace}"`,
  );
  const moved = JSON.parse(text) as Manifest<ChartObject>;
  // Each test file has a binding of its own; the roles outside its namespace are the same for all.
  if (isOutside(namespace, moved)) moved.metadata.name = `${moved.metadata.name}-${namespace}`;
  return moved;
}

/** Whether this is a binding that stays when the namespace goes. */
export function isOutside(namespace: string, { kind, metadata }: Manifest<KubeObject>): boolean {
  return kind === "ClusterRoleBinding" || (kind === "RoleBinding" && metadata.namespace !== namespace);
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
