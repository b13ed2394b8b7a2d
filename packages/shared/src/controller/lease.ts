import { ApiError } from "../kube/api-error.ts";
import { Lease } from "../kube/kinds.ts";
import type { ObjectRef } from "../kube/object.ts";
import type { RestClient } from "../kube/rest.ts";

/** What the record of a lease says. */
export interface LeaseRecord {
  /** Empty when nobody holds it. */
  holder: string;
  /** How long others leave it alone after they saw it change, in milliseconds; whole seconds are stored. */
  durationMs: number;
  /** How often it went from one holder to another: grows with every new leader. */
  transitions: number;
  /** Wall clock, milliseconds since the epoch: for people only, nobody decides by it. */
  acquiredMs: number;
  renewedMs: number;
}

/** A record and the version under which it was stored. */
export interface StoredLease {
  version: string;
  record: LeaseRecord;
}

/** How one call on the lease may take. */
export interface LeaseCallOptions {
  timeoutMs: number;
  /** Gives up when aborted. */
  signal?: AbortSignal;
}

/** One lease: a register that is only ever written by compare-and-swap. Methods throw when the outcome is unknown. */
export interface LeaseRegister {
  /** The newest record; undefined when there is none. */
  read(options: LeaseCallOptions): Promise<StoredLease | undefined>;
  /** Stores the first record; undefined when there is one already. */
  create(record: LeaseRecord, options: LeaseCallOptions): Promise<StoredLease | undefined>;
  /** Replaces the record of that version; undefined when it is no longer the newest. */
  replace(version: string, record: LeaseRecord, options: LeaseCallOptions): Promise<StoredLease | undefined>;
}

/** A Lease object of the API server. Give it a client's `lane()`, so that renewals never queue behind other calls. */
export function kubeLease(client: RestClient, ref: ObjectRef): LeaseRegister {
  const once = (options: LeaseCallOptions) => ({ ...options, retry: false });
  return {
    read: (options) => unless(client.get(Lease, ref, once(options)), (error) => error.isNotFound),
    create: (record, options) => {
      const manifest = {
        apiVersion: Lease.apiVersion,
        kind: Lease.kind,
        metadata: ref,
        spec: specOf(record),
      };
      return unless(client.create(Lease, manifest, once(options)), (error) => error.isAlreadyExists);
    },
    replace: (version, record, options) => {
      // A resourceVersion set by the patch is a precondition: the answer is 409 when it is not the newest.
      const patch = client.patch(
        Lease,
        ref,
        [
          { op: "replace", path: "/metadata/resourceVersion", value: version },
          { op: "add", path: "/spec", value: specOf(record) },
        ],
        once(options),
      );
      return unless(patch, (error) => error.isConflict || error.isNotFound);
    },
  };
}

const EPOCH = microTime(0);

async function unless(
  lease: Promise<Lease>,
  expected: (error: ApiError) => boolean,
): Promise<StoredLease | undefined> {
  try {
    return parseLease(await lease);
  } catch (error) {
    if (error instanceof ApiError && expected(error)) return undefined;
    throw error;
  }
}

/** A field that somebody removed reads as free, and renewed long ago. */
function parseLease({ metadata, spec = {} }: Lease): StoredLease {
  const { holderIdentity = "", leaseDurationSeconds = 0, leaseTransitions = 0 } = spec;
  const { acquireTime = EPOCH, renewTime = EPOCH } = spec;
  return {
    version: metadata.resourceVersion,
    record: {
      holder: holderIdentity,
      durationMs: leaseDurationSeconds * 1000,
      transitions: leaseTransitions,
      acquiredMs: Date.parse(acquireTime),
      renewedMs: Date.parse(renewTime),
    },
  };
}

function specOf(record: LeaseRecord): NonNullable<Lease["spec"]> {
  return {
    // An empty holder is refused: a released lease has none.
    ...(record.holder !== "" && { holderIdentity: record.holder }),
    leaseDurationSeconds: Math.max(1, Math.ceil(record.durationMs / 1000)),
    leaseTransitions: record.transitions,
    acquireTime: microTime(record.acquiredMs),
    renewTime: microTime(record.renewedMs),
  };
}

/** `metav1.MicroTime` wants six digits. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
