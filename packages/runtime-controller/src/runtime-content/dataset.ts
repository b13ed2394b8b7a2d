import { createHash } from "node:crypto";
import { Dataset } from "@datalayer/shared/crds/dataset";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest, OwnerReference } from "@datalayer/shared/kube/object";
import { labelValueOf } from "../runtime/label-value.ts";
import { isForbiddenHost } from "./git-source.ts";

/** Label and annotation of Datasets: which content they are of; in full in the annotation. */
export const contentLabel = "contents.datalayer.io/name";

/** The keys of a bucket, in Base64 as the API server stores them, and where it is. */
export interface BucketAccess {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  endpoint: string;
  /** Tells versions of the Secret apart, and nothing of what it holds. */
  version: string;
}

/** Reads the Secret that an s3 content names; answers with a sentence when it has not what it needs. */
export function parseBucketAccess(
  { spec }: RuntimeContent,
  { metadata, data = {} }: Secret,
): BucketAccess | string {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey } = data;
  if (!accessKeyId || !secretAccessKey)
    return `spec.secret: Secret "${metadata.name}" has not both access_key_id and secret_access_key.`;
  const region = spec.location || textOf(data["region"]);
  const endpoint = textOf(data["endpoint"]) || (region === "" ? "" : `https://s3.${region}.amazonaws.com`);
  if (endpoint === "")
    return `spec.location is not set, and Secret "${metadata.name}" has no region; expected one of them.`;
  const version = `${metadata.uid}/${metadata.resourceVersion}`;
  return endpointFault(metadata, endpoint) ?? { accessKeyId, secretAccessKey, region, endpoint, version };
}

/**
 * The Dataset of an s3 content. Datashim makes a claim of the same name, and takes no changes: what decides on
 * the bucket, and each change of the Secret with its keys, decides on the name.
 */
export function buildDataset(content: RuntimeContent, access: BucketAccess): Manifest<Dataset> {
  const name = datasetNameOf(content, access);
  return {
    apiVersion: Dataset.apiVersion,
    kind: Dataset.kind,
    metadata: {
      name,
      namespace: content.metadata.namespace,
      labels: { [contentLabel]: labelValueOf(content.metadata.name) },
      annotations: { [contentLabel]: content.metadata.name },
      ownerReferences: [ownedBy(content)],
    },
    spec: { local: { ...bucketOf(content, access), "secret-name": keysNameOf(name) } },
  };
}

/** The Secret that a Dataset names: Datashim knows the keys by other names than contents do. It goes with the Dataset. */
export function buildDatasetKeys(dataset: Dataset, access: BucketAccess): Manifest<Secret> {
  const { name, namespace, uid, labels } = dataset.metadata;
  return {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: {
      name: keysNameOf(name),
      namespace,
      labels,
      ownerReferences: [{ apiVersion: Dataset.apiVersion, kind: Dataset.kind, name, uid }],
    },
    immutable: true,
    data: { accessKeyID: access.accessKeyId, secretAccessKey: access.secretAccessKey },
  };
}

function keysNameOf(datasetName: string): string {
  return `${datasetName}-keys`;
}

function datasetNameOf(content: RuntimeContent, access: BucketAccess): string {
  // Names are read by more people than Secrets: a hash of the keys would let them try their guesses.
  const identity = JSON.stringify([content.metadata.uid, bucketOf(content, access), access.version]);
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, 10);
  // Datashim takes no dots, and uses the name as that of a label's value.
  const readable = content.metadata.name.replaceAll(".", "-").slice(0, 40).replace(/-+$/, "");
  return `content-${readable}-${hash}`;
}

function bucketOf({ spec }: RuntimeContent, { endpoint, region }: BucketAccess): Record<string, string> {
  const folder = (spec.subPath ?? "").split("/").filter((part) => part !== "" && part !== ".");
  return {
    type: "COS",
    endpoint,
    bucket: [spec.source ?? "", ...folder].join("/"),
    region,
    readonly: String(spec.permissions !== "rw"),
  };
}

function endpointFault({ name }: Secret["metadata"], endpoint: string): string | undefined {
  const host = hostOf(endpoint);
  if (host !== undefined && !isForbiddenHost(host)) return undefined;
  return `spec.secret: endpoint of Secret "${name}": ${host ?? "no URL"}; expected the URL of an object store, which is never on this host.`;
}

/** As URLs write it, without the brackets of an IPv6 address; undefined where it is none. */
function hostOf(endpoint: string): string | undefined {
  const url = endpoint.includes("://") ? endpoint : `https://${endpoint}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : undefined;
}

function ownedBy({ metadata: { name, uid } }: RuntimeContent): OwnerReference {
  return { apiVersion: RuntimeContent.apiVersion, kind: RuntimeContent.kind, name, uid, controller: true };
}

function textOf(base64 = ""): string {
  return Buffer.from(base64, "base64").toString("utf8").trim();
}
