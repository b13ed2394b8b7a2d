import { ApiError } from "@datalayer/shared/kube/api-error";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { Cluster } from "../cluster/cluster.ts";
import { CommandError } from "../command/command-error.ts";
import type { Helm } from "../helm/helm.ts";
import { isPending, type Release } from "../helm/release.ts";
import { ageOf } from "../terminal/age.ts";

/** In which state the last operation left a release, as far as it hinders the next one. */
export interface Obstacle {
  release: Release;
  /** Whether it is certain that nobody works on it any more. */
  isAbandoned: boolean;
}

/** Helm gives up an operation on its own after this time; before, somebody may be at work with it. */
const HELM_TIMEOUT_MS = 5 * 60_000;

/**
 * Puts a release into a state from which Helm can go on, and says what it did.
 *
 * Helm refuses to touch a release whose last operation never ended. The record of that operation is removed: what it
 * made is marked as the release's, and the next operation adopts it.
 *
 * @throws CommandError when somebody may be at work on it.
 */
export async function heal(
  cluster: Cluster,
  helm: Helm,
  { release, isAbandoned }: Obstacle,
): Promise<string | undefined> {
  if (isPending(release)) {
    if (!isAbandoned && cluster.clock.now() - Date.parse(timeOf(release)) < HELM_TIMEOUT_MS)
      throw inProgress(release, cluster.clock.now());
    await removeRecord(cluster, release);
    return `its last operation was interrupted (${release.status}); that is put right now`;
  }
  if (release.status === "uninstalling") {
    await helm.uninstall(release.name);
    return "its removal was interrupted; that was finished, and it is installed anew";
  }
  return release.status === "failed" ? "its last operation failed; it is tried again" : undefined;
}

function inProgress(release: Release, nowMs: number): CommandError {
  const { name, status } = release;
  return new CommandError(
    `release "${name}" is ${status} for ${ageOf(timeOf(release), nowMs)}: Helm may be at work on it`,
    {
      next: [
        "wait until it has ended, then try again",
        `plane up ${name} --take-over   # when you know that nobody works on it any more`,
      ],
    },
  );
}

/** Go writes `2026-11-28 14:17:46.94 +0000 UTC`. */
function timeOf({ updated }: Release): string {
  return updated.replace(/^(\S+) (\S+) ([+-]\d{2})(\d{2}).*$/, "$1T$2$3:$4");
}

async function removeRecord({ client }: Cluster, { name, namespace, revision }: Release): Promise<void> {
  const ref = { namespace, name: `sh.helm.release.v1.${name}.v${revision}` };
  try {
    const { metadata } = await client.get(Secret, ref);
    await client.delete(Secret, ref, { uid: metadata.uid });
  } catch (error) {
    if (!(error instanceof ApiError && error.isNotFound)) throw error;
    throw new CommandError(
      `the record of the interrupted operation is not in Secret ${namespace}/${ref.name}`,
      {
        next: [`helm rollback ${name} -n ${namespace}   # where Helm keeps records elsewhere (HELM_DRIVER)`],
        cause: error,
      },
    );
  }
}
