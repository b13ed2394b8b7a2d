import { createHash, randomBytes } from "node:crypto";
import { access, constants, mkdir, readdir, rename, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { withLock } from "../process/lock.ts";
import { run } from "../process/run.ts";
import type { Progress } from "../progress/progress.ts";
import type { Provided, ProvisionStep } from "./step.ts";

/** What a provisioner works with. */
export interface ProvisionerOptions {
  /** Holds one folder per provisioned component. */
  cacheDir: string;
  /** Folders in which installed programs are looked up. */
  searchPath: readonly string[];
  progress: Progress;
  signal?: AbortSignal;
}

/**
 * Provides components: installed ones where a step allows that, else those in the cache, else by building them.
 *
 * Guarantees: an entry is whole or absent (built aside, then renamed); two processes never build the same entry
 * at once; what was finished before an interruption is not done again.
 */
export class Provisioner {
  readonly #options: ProvisionerOptions;

  constructor(options: ProvisionerOptions) {
    this.#options = options;
  }

  /** The component that `step` describes. Rejects with the step's own error, named after the component. */
  async provide<Name extends string>(step: ProvisionStep<Name>): Promise<Provided<Name>> {
    const installed = await this.#findInstalled(step);
    if (installed !== undefined) {
      return { paths: installed, source: "installed", dir: undefined };
    }
    const dir = join(this.#options.cacheDir, entryName(step));
    if (!(await exists(dir))) {
      const title = `${step.name} ${step.version}`;
      await this.#options.progress.task(title, (note) => this.#build(step, dir, note));
    }
    const paths = mapValues(step.provides, (path) => join(dir, path));
    return { paths, source: "cache", dir };
  }

  async #findInstalled<Name extends string>(step: ProvisionStep<Name>) {
    if (step.installed === undefined) {
      return undefined;
    }
    const found = {} as Record<Name, string>;
    for (const name of Object.keys(step.provides) as Name[]) {
      const path = await findProgram(step.installed[name], this.#options.searchPath);
      if (path === undefined) {
        return undefined;
      }
      found[name] = path;
    }
    return found;
  }

  async #build(step: ProvisionStep, dir: string, note: (text: string) => void): Promise<void> {
    const { signal } = this.#options;
    const lockFile = join(this.#options.cacheDir, "locks", entryName(step));
    const onWait = () => note("waiting for another process that is building it");
    await withLock(lockFile, () => this.#buildLocked(step, dir, note), { signal, onWait });
  }

  async #buildLocked(step: ProvisionStep, dir: string, note: (text: string) => void): Promise<void> {
    if (await exists(dir)) {
      return; // another process built it while we waited
    }
    await removePartial(dir);
    const { signal, searchPath, progress } = this.#options;
    // Its own name each time: a build orphaned by kill -9 may still be writing to the earlier one.
    const partial = `${dir}${partialMark}${randomBytes(4).toString("hex")}`;
    await mkdir(partial, { recursive: true });
    const context = {
      note,
      tell: (text: string) => progress.tell(text),
      signal,
      searchPath,
      run: ((command, args, options) =>
        run(command, args, { signal, onLine: note, ...options })) satisfies typeof run,
    };
    try {
      await step.build(partial, context);
      await rename(partial, dir);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
  }
}

const partialMark = ".partial-";

/** Removes what interrupted builds of this entry left; the caller holds the entry's lock. */
async function removePartial(dir: string): Promise<void> {
  const parent = join(dir, "..");
  const prefix = `${dir.slice(parent.length + 1)}${partialMark}`;
  const names = await readdir(parent);
  await Promise.all(
    names
      .filter((name) => name.startsWith(prefix))
      .map((name) => rm(join(parent, name), { recursive: true, force: true })),
  );
}

/** The folder name of a step's cache entry: readable, and different whenever an input is. */
export function entryName(step: Pick<ProvisionStep, "name" | "version" | "inputs" | "provides">): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([step.inputs, step.provides, process.arch]));
  return `${step.name}-${step.version.replaceAll(/[^\w.+-]/g, "_")}-${hash.digest("hex").slice(0, 12)}`;
}

/** The first of `candidates` (absolute paths, or names looked up in `searchPath`) that can be executed. */
export async function findProgram(
  candidates: readonly string[],
  searchPath: readonly string[],
): Promise<string | undefined> {
  const paths = candidates.flatMap((name) =>
    isAbsolute(name) ? [name] : searchPath.map((dir) => join(dir, name)),
  );
  for (const path of paths) {
    if (await exists(path, constants.X_OK)) {
      return path;
    }
  }
  return undefined;
}

async function exists(path: string, mode = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

function mapValues<Name extends string>(
  record: Readonly<Record<Name, string>>,
  change: (value: string) => string,
) {
  const entries = Object.entries<string>(record).map(([name, value]) => [name, change(value)]);
  return Object.fromEntries(entries) as Record<Name, string>;
}
