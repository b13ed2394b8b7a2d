import { readFileSync, statSync } from "node:fs";
import { inspect } from "node:util";

/** Kubernetes swaps the files of a mounted Secret within about a minute; looking once a second is soon enough. */
const LOOK_AGAIN_MS = 1_000;

/** Says what is wrong with a value, or nothing. */
export type SecretCheck = (value: string) => string | undefined;

/**
 * A secret setting. It shows its value to {@link Secret.reveal} only, never to a log line, an error or JSON.
 * One that came from a file follows the file: rotation needs no restart. Should the file become unreadable
 * or its content unfit, the last good value stays in use and the process emits a warning, once per change.
 */
export class Secret {
  readonly #read: () => string;

  private constructor(read: () => string) {
    this.#read = read;
  }

  /** A secret with a value that never changes. */
  static of(value: string): Secret {
    return new Secret(() => value);
  }

  /** A secret that follows a file. Throws when the file can't be read now. */
  static fromFile(path: string, check: SecretCheck): Secret {
    const file = new FollowedFile(path, check);
    return new Secret(() => file.value());
  }

  /** The value as it is now. */
  reveal(): string {
    return this.#read();
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [inspect.custom](): string {
    return "[redacted]";
  }
}

class FollowedFile {
  readonly #path: string;
  readonly #check: SecretCheck;
  #value: string;
  #version: string;
  #lookedAt = performance.now();

  constructor(path: string, check: SecretCheck) {
    this.#path = path;
    this.#check = check;
    this.#version = versionOf(path);
    this.#value = readSecretFile(path);
  }

  value(): string {
    if (performance.now() - this.#lookedAt >= LOOK_AGAIN_MS) {
      this.#lookedAt = performance.now();
      this.#follow();
    }
    return this.#value;
  }

  #follow(): void {
    const version = versionOf(this.#path);
    if (version === this.#version) return;
    this.#version = version;
    try {
      const value = readSecretFile(this.#path);
      const problem = this.#check(value);
      if (problem !== undefined) throw new Error(problem);
      this.#value = value;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      process.emitWarning(`The secret in ${this.#path} keeps its last good value: ${reason}`);
    }
  }
}

/** The content of a secret file without the white space around it: editors and `echo` add a line break. */
export function readSecretFile(path: string): string {
  return readFileSync(path, "utf8").trim();
}

/** Changes whenever the content may have: the symbolic links of a mounted Secret lead to a new inode. */
function versionOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "absent" : `${stat.ino}/${stat.size}/${stat.mtimeMs}`;
}
