import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { execa } from "execa";
import { onTerminal, type Typed } from "./on-terminal.ts";
import type { Ended } from "./plane.ts";

/** A home folder, and `clouder` as an administrator has it. */
export class ClouderHome {
  readonly home: string;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(home: string, environment: Readonly<Record<string, string>>) {
    this.home = home;
    this.#environment = environment;
  }

  /** @param environment - variables that every command has. */
  static async create(environment: Readonly<Record<string, string>>): Promise<ClouderHome> {
    const home = await mkdtemp(join(tmpdir(), "clouder-test-"));
    afterFile(() => rm(home, { recursive: true }));
    return new ClouderHome(home, environment);
  }

  /** Runs `clouder` to its end. */
  async run(
    args: readonly string[],
    { env, input }: { env?: Readonly<Record<string, string>>; input?: string } = {},
  ): Promise<Ended> {
    const main = join(import.meta.dirname, "../src/clouder.ts");
    const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], {
      env: { HOME: this.home, PATH: "/usr/bin:/bin", ...this.#environment, ...env },
      extendEnv: false,
      reject: false,
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
    return { code: exitCode, stdout, stderr };
  }

  /** Runs `clouder` on a terminal. */
  onTerminal(args: readonly string[], typed: readonly Typed[]): ReturnType<typeof onTerminal> {
    const main = join(import.meta.dirname, "../src/clouder.ts");
    return onTerminal([process.execPath, main, ...args], { HOME: this.home, ...this.#environment }, typed);
  }

  /** Writes a file below the home folder; answers with its path. */
  async file(path: string, content: string, mode = 0o600): Promise<string> {
    const full = join(this.home, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content);
    await chmod(full, mode);
    return full;
  }

  /** The content of a file below the home folder. */
  read(path: string): Promise<string> {
    return readFile(join(this.home, path), "utf8");
  }

  /** Who can read and write a file below the home folder. */
  async mode(path: string): Promise<number> {
    return (await stat(join(this.home, path))).mode & 0o777;
  }
}
