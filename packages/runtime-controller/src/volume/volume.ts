import { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { label } from "../runtime/names.ts";
import { claimNameOf, homeOf, uidOfClaim, volumeAnnotation, volumeLabel } from "./names.ts";
import { bytesOf, quantityOf } from "./quantity.ts";

/** Where a volume stands. `unbound` means that there is no storage behind it yet, as before its first use. */
export type VolumeState = "unbound" | "bound" | "lost" | "deleting";

/** A user's volume, read from its PersistentVolumeClaim. */
export interface Volume {
  readonly claim: PersistentVolumeClaim;
  readonly uid: string;
  readonly account: string;
  readonly givenName: string;
  readonly sizeBytes: number;
  readonly state: VolumeState;
  /** Name of the runtime, running or paused, whose home it is. */
  readonly usedBy?: string;
}

/** What a new volume is made of. */
export interface VolumeRequest {
  uid: string;
  namespace: string;
  account: string;
  givenName: string;
  sizeBytes: number;
  /** Default: that of the cluster. */
  storageClass?: string;
}

/** Reads a volume; undefined when the claim is no volume of a user. */
export function parseVolume(claim: PersistentVolumeClaim): Volume | undefined {
  const { name, labels = {}, annotations = {} } = claim.metadata;
  const uid = uidOfClaim(name);
  const account = labels[volumeLabel.account];
  if (uid === undefined || account === undefined) return undefined;
  return {
    claim,
    uid,
    account,
    givenName: annotations[volumeAnnotation.givenName] ?? "",
    sizeBytes: sizeOf(claim),
    state: stateOf(claim),
    usedBy: labels[homeOf],
  };
}

/** The PersistentVolumeClaim of a new volume. */
export function buildVolume(request: VolumeRequest): Manifest<PersistentVolumeClaim> {
  const { uid, namespace, account, givenName } = request;
  return {
    apiVersion: PersistentVolumeClaim.apiVersion,
    kind: PersistentVolumeClaim.kind,
    metadata: {
      name: claimNameOf(uid),
      namespace,
      labels: { [label.app]: runtimeApp, [volumeLabel.account]: account },
      annotations: { [volumeAnnotation.givenName]: givenName },
    },
    spec: claimSpecOf(request),
  };
}

/** What every PersistentVolumeClaim of a runtime asks for. */
export function claimSpecOf({
  sizeBytes,
  storageClass,
}: Pick<VolumeRequest, "sizeBytes" | "storageClass">): Manifest<PersistentVolumeClaim>["spec"] {
  return {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: quantityOf(sizeBytes) } },
    storageClassName: storageClass,
  };
}

function sizeOf({ spec }: PersistentVolumeClaim): number {
  return bytesOf(spec?.resources?.requests?.["storage"] ?? "") ?? 0;
}

function stateOf({ metadata, status }: PersistentVolumeClaim): VolumeState {
  if (metadata.deletionTimestamp !== undefined) return "deleting";
  if (status?.phase === "Bound") return "bound";
  return status?.phase === "Lost" ? "lost" : "unbound";
}
