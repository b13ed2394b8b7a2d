import { join } from "node:path";
import { V1PersistentVolume, type V1PersistentVolumeClaim, V1StorageClass } from "@kubernetes/client-node";

/** Name of the storage class, and of who provisions it. */
export const storageClass = "local";
const provisionerName = "datalayer.io/devcluster";

const provisionerAnnotation = "volume.kubernetes.io/storage-provisioner";
const nodeAnnotation = "volume.kubernetes.io/selected-node";
const provisionedBy = "pv.kubernetes.io/provisioned-by";

/** The default storage class: as on most clouds, a claim is bound when the first Pod that uses it is scheduled. */
export function storageClassManifest(): V1StorageClass {
  return Object.assign(new V1StorageClass(), {
    metadata: {
      name: storageClass,
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: provisionerName,
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
  });
}

/** Whether the claim waits for a volume from here. The controller manager names who is to make it. */
export function wantsVolume({ metadata, status }: V1PersistentVolumeClaim): boolean {
  const annotations = metadata?.annotations ?? {};
  return (
    status?.phase === "Pending" &&
    metadata?.deletionTimestamp === undefined &&
    annotations[provisionerAnnotation] === provisionerName &&
    annotations[nodeAnnotation] !== undefined
  );
}

/** Whether the volume is from here and its claim is gone. */
export function isLeft({ metadata, status }: V1PersistentVolume): boolean {
  return (
    status?.phase === "Released" &&
    metadata?.deletionTimestamp === undefined &&
    metadata?.annotations?.[provisionedBy] === provisionerName
  );
}

/** The folder of a claim's volume. */
export function folderFor({ metadata }: V1PersistentVolumeClaim, directory: string): string {
  return join(directory, volumeNameOf(metadata?.uid));
}

/** The volume for a claim that {@link wantsVolume}: its folder, on the node that the scheduler chose. */
export function volumeFor(claim: V1PersistentVolumeClaim, path: string): V1PersistentVolume {
  const { metadata, spec } = claim;
  const node = metadata?.annotations?.[nodeAnnotation];
  const onNode = { key: "kubernetes.io/hostname", operator: "In", values: [node] };
  return Object.assign(new V1PersistentVolume(), {
    metadata: { name: volumeNameOf(metadata?.uid), annotations: { [provisionedBy]: provisionerName } },
    spec: {
      storageClassName: storageClass,
      capacity: spec?.resources?.requests,
      accessModes: spec?.accessModes,
      persistentVolumeReclaimPolicy: "Delete",
      claimRef: referenceTo(claim),
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
    },
  });
}

function referenceTo({ metadata }: V1PersistentVolumeClaim): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    namespace: metadata?.namespace,
    name: metadata?.name,
    uid: metadata?.uid,
  };
}

function volumeNameOf(claimUid = ""): string {
  return `pvc-${claimUid}`;
}
