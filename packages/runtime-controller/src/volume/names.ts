/** The labels and annotations of volumes. What lies under `runtime-pools.datalayer.io` is of the runtime that uses one. */
export const volumeLabel = {
  /** The account that the volume belongs to. */
  account: "volumes.datalayer.io/user-uid",
} as const;

export const volumeAnnotation = {
  /** The name that the user gave it. */
  givenName: "volumes.datalayer.io/given-name",
} as const;

/** On the PersistentVolumeClaim that is the home of a runtime: the name of that runtime. */
export const homeOf = "runtime-pools.datalayer.io/home-of";

const namePrefix = "volume-";

/** Name of the PersistentVolumeClaim of a volume. */
export function claimNameOf(uid: string): string {
  return `${namePrefix}${uid}`;
}

/** The uid of the volume with this claim; undefined when the claim is no volume of a user. */
export function uidOfClaim(claimName: string): string | undefined {
  return claimName.startsWith(namePrefix) ? claimName.slice(namePrefix.length) : undefined;
}
