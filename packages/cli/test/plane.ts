import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { useCluster } from "@datalayer/devcluster/testkit/cluster";
import { provideHelm } from "@datalayer/devcluster/testkit/helm";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Namespace } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject, Manifest } from "@datalayer/shared/kube/object";
import { RestClient } from "@datalayer/shared/kube/rest";
import { execa, type ResultPromise } from "execa";

import { onTerminal, type Typed } from "./on-terminal.ts";

/** How a command ended, and what it wrote. */
export interface Ended {
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** How to run a command. */
export interface RunOptions {
  env?: Readonly<Record<string, string>>;
  input?: string;
}

/** As few processes as make an operator: each has to become ready. */
const small = {
  operator: { replicas: 1 },
  "route-controller": { replicas: 1, verifier: { replicas: 1 } },
  "image-controller": { enabled: false },
};

/**
 * A desk: a home folder, a namespace of the cluster, and the commands, as an administrator has them.
 *
 * Kinds and rights are there once in a cluster, so that one desk has a release at a time.
 */
export class Desk {
  readonly home: string;
  readonly namespace: string;
  readonly admin: RestClient;
  readonly kubeconfigPath: string;
  readonly helmPath: string;

  private constructor(parts: Pick<Desk, "home" | "namespace" | "admin" | "kubeconfigPath" | "helmPath">) {
    this.home = parts.home;
    this.namespace = parts.namespace;
    this.admin = parts.admin;
    this.kubeconfigPath = parts.kubeconfigPath;
    this.helmPath = parts.helmPath;
  }

  /** A namespace is chosen and not made. */
  static async create(): Promise<Desk> {
    const { kubeconfigPath } = await useCluster();
    const access = loadAccess({ kubeconfigPath });
    const desk = new Desk({
      home: await mkdtemp(join(tmpdir(), "plane-test-")),
      namespace: `plane-${randomBytes(5).toString("hex")}`,
      admin: new RestClient({ access, userAgent: "cli-test", fieldManager: "cli-test" }),
      kubeconfigPath,
      helmPath: await provideHelm(),
    });
    await desk.file("small.json", JSON.stringify(small));
    return desk;
  }

  /** Removes whatever is installed, and the namespace; kinds stay, as they do. */
  async leave(): Promise<void> {
    const { stdout } = await this.helm(["list", "--short"]);
    for (const release of stdout.split("\n").filter(Boolean)) await this.helm(["uninstall", release]);
    await this.delete(Namespace, this.namespace);
    await this.admin.close();
    await rm(this.home, { recursive: true });
  }

  /** Runs `plane` on the desk's namespace to its end. */
  async plane(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const { exitCode, stdout, stderr } = await this.start(args, options);
    return { code: exitCode, stdout: stdout, stderr: stderr };
  }

  /** `plane up` of a small operator. */
  up(release: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ended> {
    return this.plane(["up", release, "--values", join(this.home, "small.json"), ...args], options);
  }

  /** Starts `plane`, as the leader of a process group of its own. */
  start(args: readonly string[], options: RunOptions = {}): ResultPromise<{ reject: false }> {
    const { env, input } = options;
    const main = join(import.meta.dirname, "../src/plane.ts");
    return execa(process.execPath, [main, ...args, "--namespace", this.namespace], {
      env: {
        HOME: this.home,
        PATH: "/usr/bin:/bin",
        KUBECONFIG: this.kubeconfigPath,
        PLANE_HELM: this.helmPath,
        ...env,
      },
      extendEnv: false,
      reject: false,
      detached: true,
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    }) as ResultPromise<{ reject: false }>;
  }

  /** Runs `plane` on a terminal. */
  onTerminal(args: readonly string[], typed: readonly Typed[]): ReturnType<typeof onTerminal> {
    const main = join(import.meta.dirname, "../src/plane.ts");
    const env = { HOME: this.home, KUBECONFIG: this.kubeconfigPath, PLANE_HELM: this.helmPath };
    return onTerminal([process.execPath, main, ...args, "--namespace", this.namespace], env, typed);
  }

  /** Runs Helm on the desk's namespace, and expects it to do what it is told. */
  helm(args: readonly string[]): Promise<{ stdout: string }> {
    return execa(this.helmPath, [...args, "--namespace", this.namespace], {
      env: { HOME: this.home, KUBECONFIG: this.kubeconfigPath },
    });
  }

  /** Writes a file below the home folder; answers with its path. */
  async file(path: string, content: string, mode = 0o600): Promise<string> {
    const full = join(this.home, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content);
    await chmod(full, mode);
    return full;
  }

  /** An object of the cluster; undefined when there is none. */
  async find<T extends KubeObject>(kind: Kind<T>, name: string): Promise<T | undefined> {
    try {
      return await this.admin.get(kind, this.#ref(kind, name));
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }

  /** An object that has to be there. */
  get<T extends KubeObject>(kind: Kind<T>, name: string): Promise<T> {
    return this.admin.get(kind, this.#ref(kind, name));
  }

  /** Creates an object, in the desk's namespace where its kind has namespaces. */
  create<T extends KubeObject>(kind: Kind<T>, manifest: Manifest<T>): Promise<T> {
    const metadata = { ...manifest.metadata, ...this.#ref(kind, manifest.metadata.name) };
    return this.admin.create(kind, { ...manifest, metadata });
  }

  /** Deletes an object, if it is there. */
  async delete(kind: Kind, name: string): Promise<void> {
    const found = await this.find(kind, name);
    if (found) await this.admin.delete(kind, this.#ref(kind, name), { uid: found.metadata.uid });
  }

  #ref({ namespaced }: Kind, name: string): { name: string; namespace?: string } {
    return namespaced ? { name, namespace: this.namespace } : { name };
  }
}
