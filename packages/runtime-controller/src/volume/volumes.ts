import { ApiError } from "@datalayer/shared/kube/api-error";
import { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { label } from "../runtime/names.ts";
import { createClaim } from "./create-claim.ts";
import { claimNameOf, uidOfClaim } from "./names.ts";
import { buildVolume, parseVolume, type Volume, type VolumeRequest } from "./volume.ts";

/** What volumes are kept with. */
export interface VolumesOptions {
  client: RestClient;
  /** A cache with {@link volumeIndexes}. */
  volumeClaims: ObjectReader<PersistentVolumeClaim>;
  /** The watched namespaces; `*` stands for all. */
  namespaces: readonly string[];
}

/** The indexes that {@link Volumes} reads. */
export const volumeIndexes = {
  name: ({ metadata }: PersistentVolumeClaim): string[] => [metadata.name],
};

/** What became of the wish to remove a volume. */
export type Removal = { kind: "removed" } | { kind: "in-use"; by: string } | { kind: "overtaken" };

const removalAttempts = 5;

/**
 * The volumes of users: one PersistentVolumeClaim each.
 *
 * A volume that is the home of a runtime carries the runtime's name. Taking it and removing it are both bound to
 * the version of the claim that was read, so that of the two only one happens.
 */
export class Volumes {
  readonly #options: VolumesOptions;

  constructor(options: VolumesOptions) {
    this.#options = options;
  }

  /** Those of an account, oldest first. */
  ofAccount(account: string): Volume[] {
    const volumes = this.#options.volumeClaims.list().flatMap((claim) => parseVolume(claim) ?? []);
    return volumes
      .filter((volume) => volume.account === account)
      .toSorted((a, b) => (ageKeyOf(a) < ageKeyOf(b) ? -1 : 1));
  }

  /** The volume of an account; one that another replica made a moment ago may have to be asked for. */
  async find(uid: string, account: string): Promise<Volume | undefined> {
    const claim = this.#cached(uid) ?? (await this.#stored(uid));
    const volume = claim && parseVolume(claim);
    return volume?.account === account ? volume : undefined;
  }

  /**
   * Creates a volume; one with the uid that is there already is answered as it is.
   * @throws ApiError when the cluster refuses it.
   */
  async create(request: VolumeRequest): Promise<Volume | undefined> {
    const { client, volumeClaims } = this.#options;
    const claim = await createClaim(client, buildVolume(request));
    volumeClaims.recordWrite(claim);
    return parseVolume(claim);
  }

  /** Removes a volume and what is in it, unless a runtime uses it. */
  async remove(volume: Volume): Promise<Removal> {
    const { client } = this.#options;
    let { claim } = volume;
    for (let attempt = 0; attempt < removalAttempts; attempt++) {
      const by = parseVolume(claim)?.usedBy;
      if (by !== undefined) return { kind: "in-use", by };
      const { uid, resourceVersion } = claim.metadata;
      try {
        await client.delete(PersistentVolumeClaim, claim.metadata, { uid, resourceVersion });
        return { kind: "removed" };
      } catch (error) {
        const current = await this.#afterRefusal(error, claim);
        if (!current) return { kind: "removed" };
        claim = current;
      }
    }
    return { kind: "overtaken" };
  }

  /** The volume as it is now; undefined when it is gone. */
  async #afterRefusal(
    error: unknown,
    { metadata }: PersistentVolumeClaim,
  ): Promise<PersistentVolumeClaim | undefined> {
    if (!(error instanceof ApiError)) throw error;
    if (error.isNotFound) return undefined;
    if (!error.isConflict) throw error;
    const current = await this.#stored(uidOfClaim(metadata.name) ?? "");
    return current?.metadata.uid === metadata.uid ? current : undefined;
  }

  #cached(uid: string): PersistentVolumeClaim | undefined {
    return this.#options.volumeClaims.byIndex("name", claimNameOf(uid))[0];
  }

  async #stored(uid: string): Promise<PersistentVolumeClaim | undefined> {
    const { client, namespaces } = this.#options;
    const found = await Promise.all(
      namespaces.map((namespace) =>
        client.list(PersistentVolumeClaim, {
          namespace: namespace === "*" ? undefined : namespace,
          fieldSelector: `metadata.name=${claimNameOf(uid)}`,
          labelSelector: `${label.app}=${runtimeApp}`,
        }),
      ),
    );
    return found.flatMap(({ items }) => items)[0];
  }
}

function ageKeyOf({ claim, uid }: Volume): string {
  return `${claim.metadata.creationTimestamp} ${uid}`;
}
