import { hostname, userInfo } from "node:os";
import { electionIdentity, LeaderElector } from "@datalayer/shared/controller/leader-election";
import { kubeLease, type LeaseRegister } from "@datalayer/shared/controller/lease";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Lease } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { Cluster } from "../cluster/cluster.ts";
import { CommandError } from "../command/command-error.ts";

/** How to work alone on a release. */
export interface LockOptions {
  release: string;
  /** Ends the wait for the lock. */
  signal: AbortSignal;
  /** Somebody else works on the release; they are waited for. */
  onWait: (holder: string) => void;
}

/** What is known when the lock is held. */
export interface Held {
  /** Who held it before and never gave it back: that command was killed, and nobody works on the release any more. */
  readonly abandonedBy: string | undefined;
}

const CALL = { timeoutMs: 5_000 };

/**
 * Runs `work` while no other `plane` works on the release. The lock is a Lease that is renewed while the command
 * lives: that of a command that was killed is free after 15 s.
 */
export async function withLock<T>(
  cluster: Cluster,
  { release, signal, onWait }: LockOptions,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  const ref = { namespace: cluster.namespace, name: `plane-${release}` };
  const lease = watched(kubeLease(cluster.lasting.lane(), ref));
  const holder = (await lease.read(CALL))?.record.holder;
  if (holder) onWait(nameOf(holder));
  let result: { value: T } | undefined;
  const elector = new LeaderElector({ lease, identity: identity() });
  try {
    const end = await elector.run(signal, async () => {
      result = { value: await work({ abandonedBy: lease.taken && nameOf(lease.taken) }) };
    });
    signal.throwIfAborted();
    if (end === "lost" || !result) throw lost(release, ref);
    return result.value;
  } finally {
    await removeLease(cluster, ref);
  }
}

function lost(release: string, { namespace, name }: { namespace: string; name: string }): CommandError {
  return new CommandError(`lost the lock ${namespace}/${name} while working on release "${release}"`, {
    next: [`plane up ${release}   # puts right what was interrupted`],
  });
}

/** The register, which remembers whose record was taken over without having been given back. */
function watched(lease: LeaseRegister): LeaseRegister & { taken?: string } {
  let seen = "";
  const register: LeaseRegister & { taken?: string } = {
    ...lease,
    read: async (options) => {
      const stored = await lease.read(options);
      seen = stored?.record.holder ?? "";
      return stored;
    },
    replace: async (version, record, options) => {
      const stored = await lease.replace(version, record, options);
      if (stored && seen !== "" && seen !== record.holder) register.taken = seen;
      seen = stored?.record.holder ?? seen;
      return stored;
    },
  };
  return register;
}

/** `alice@laptop, process 4711`, and what makes it unique. */
function identity(): string {
  return electionIdentity(`${userInfo().username}@${hostname()}/${process.pid}`);
}

function nameOf(holder: string): string {
  const [, who = holder, pid] = /^(.*)\/(\d+)_[^_]*$/.exec(holder) ?? [];
  return pid === undefined ? who : `${who}, process ${pid}`;
}

/** Only as it was given back: somebody who waited may have it by now. */
async function removeLease({ lasting }: Cluster, ref: ObjectRef): Promise<void> {
  try {
    const { metadata, spec } = await lasting.get(Lease, ref, CALL);
    if (spec?.holderIdentity) return;
    const { uid, resourceVersion } = metadata;
    await lasting.delete(Lease, ref, { uid, resourceVersion, ...CALL });
  } catch (error) {
    if (!(error instanceof ApiError && (error.isNotFound || error.isConflict))) throw error;
  }
}
