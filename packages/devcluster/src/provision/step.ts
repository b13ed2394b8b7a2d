import type { run } from "../process/run.ts";

/** What a step may use while it builds. */
export interface BuildContext {
  /** Shows what is being done now, as one short line. */
  note: (text: string) => void;
  /** Tells the reader one thing that stays to be read. */
  tell: (text: string) => void;
  /** Runs a command with its output going to `note`; see `run`. */
  run: (...args: Parameters<typeof run>) => Promise<string>;
  /** Folders in which installed programs are looked up. */
  searchPath: readonly string[];
  signal: AbortSignal | undefined;
}

/**
 * How one component is made, as a value. `Name` is what it provides: programs or files, by name.
 */
export interface ProvisionStep<Name extends string = string> {
  /** Kebab-case; unique among all steps. */
  name: string;
  version: string;
  /** Everything that decides the result (file contents, flags); a change of any makes a new cache entry. */
  inputs: readonly string[];
  /** Path of each provided program or file, relative to the folder that `build` fills. */
  provides: Readonly<Record<Name, string>>;
  /**
   * Where each may already be installed: absolute paths, or bare names looked up in PATH, first match wins.
   * The step is skipped when every name is found. Left out: always our own.
   */
  installed?: Readonly<Record<Name, readonly string[]>>;
  /** Fills `dir`, which exists and is empty. It becomes a cache entry only when this resolves. */
  build: (dir: string, context: BuildContext) => Promise<void>;
}

/** A component that is ready to use. */
export interface Provided<Name extends string = string> {
  /** Absolute path of each provided program or file. */
  paths: Readonly<Record<Name, string>>;
  source: "installed" | "cache";
  /** The cache entry's folder; undefined for installed components. */
  dir: string | undefined;
}
