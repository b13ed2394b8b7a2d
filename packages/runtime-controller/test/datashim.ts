import { readFile } from "node:fs/promises";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Dataset } from "@datalayer/shared/crds/dataset";
import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { parse } from "yaml";
import { kindOf } from "./manifests.ts";

const file = new URL("testdata/datasets.datashim.io.yaml", import.meta.url);

/** Makes the API server serve Datashim's kind. It stays: other test files may use it at the same time. */
export async function installDatashimKind(admin: RestClient): Promise<void> {
  const manifest = parse(await readFile(file, "utf8")) as Manifest<KubeObject>;
  await admin.apply(kindOf(manifest), manifest);
  await eventually(() => admin.list(Dataset), { message: "Datasets being served" });
}

/** Writes the status that Datashim writes when it has provided a Dataset, or could not. */
export async function provide(
  admin: RestClient,
  { metadata }: Dataset,
  provision: { status: string; info?: string } = { status: "OK" },
): Promise<void> {
  const value = { provision };
  await admin.patch(Dataset, metadata, [{ op: "add", path: "/status", value }], { subresource: "status" });
}
