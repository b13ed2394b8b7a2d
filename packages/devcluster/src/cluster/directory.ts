import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { identifySelf, isRunning } from "../process/identity.ts";
import { withLock } from "../process/lock.ts";
import { ClusterState, type ClusterRecord } from "../process/state.ts";
import { isComponent, killMarked, stopComponent } from "../process/stop.ts";
import { undo } from "../process/undo.ts";

/** The clusters of this user on this machine, each in a folder of its own. */
export class ClusterDirectory {
  readonly #dir: string;

  constructor(stateDir: string) {
    this.#dir = join(stateDir, "clusters");
  }

  /** The folder of the cluster with this name, whether or not there is one. Throws a `UserError` on a bad name. */
  state(name: string): ClusterState {
    if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) {
      throw new UserError(
        `"${name}" is no cluster name: use up to 40 lower-case letters, digits and dashes.`,
      );
    }
    return new ClusterState(join(this.#dir, name));
  }

  /** The names of all clusters, running or not. */
  async names(): Promise<string[]> {
    const entries = await readdir(this.#dir, { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  }

  /**
   * Removes every cluster whose owner is gone, then makes the folder of a new one, owned by this process until
   * `updateCluster({ owner: null })`. Rejects with a `UserError` when a cluster with that name runs.
   */
  async create(
    name: string,
    nodes: ClusterRecord["nodes"],
  ): Promise<{ state: ClusterState; instance: string }> {
    const state = this.state(name);
    const owner = await identifySelf();
    return withLock(join(this.#dir, ".lock"), async () => {
      await this.#removeAbandoned();
      if ((await state.readCluster()) !== undefined) {
        throw new UserError(
          `Cluster "${name}" is there already: end it with \`npx devcluster down --name ${name}\`, or give another --name.`,
        );
      }
      const instance = randomUUID();
      await state.writeCluster({
        name,
        instance,
        owner,
        nodes,
        attached: false,
        programDirs: [],
        addresses: {},
      });
      return { state, instance };
    });
  }

  async #removeAbandoned(): Promise<void> {
    for (const name of await this.names()) {
      const state = new ClusterState(join(this.#dir, name));
      if (await isAbandoned(state)) {
        await removeCluster(state);
      }
    }
  }
}

/** Whether nobody owns the cluster any more: its owner died, or it has no owner and nothing of it runs. */
async function isAbandoned(state: ClusterState): Promise<boolean> {
  const record = await state.readCluster();
  if (record === undefined) {
    return true;
  }
  if (record.owner !== null) {
    return !(await isRunning(record.owner));
  }
  const running = await Promise.all((await state.readComponents()).map(isComponent));
  return !record.attached && !running.includes(true);
}

/** Ends every process of a cluster, undoes what it recorded, and removes its folder. */
export async function removeCluster(state: ClusterState): Promise<void> {
  const record = await state.readCluster();
  // The latest first: what depends on others ends before them.
  for (const component of (await state.readComponents()).reverse()) {
    await stopComponent(component);
  }
  if (record !== undefined) {
    await killMarked(record.instance);
  }
  for (const entry of await state.readUndos()) {
    await undo(entry);
  }
  await state.remove();
}
