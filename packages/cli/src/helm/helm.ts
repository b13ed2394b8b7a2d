import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import semver from "semver";
import type { Cluster } from "../cluster/cluster.ts";
import { CommandError, messageOf, usageError } from "../command/command-error.ts";
import { type CommandContext, variable } from "../command/context.ts";
import { explainHelmFailure } from "./failures.ts";
import type { Release } from "./release.ts";

/** The oldest Helm that can do what is asked of it: apply on the server, and render there without installing. */
const minimumVersion = "4.0.0";

/** What to install, and with which values. */
export interface Installation {
  release: string;
  /** A folder, an archive, or an `oci://` reference. */
  chart: string;
  /** Of a chart in a registry. */
  chartVersion?: string;
  /** Values that others stand over, handed over on standard input: they may hold secrets. */
  values: object;
  /** Values on top of these, as flags of Helm. */
  valueFlags: readonly string[];
  /** Flags of the reader's own, such as those that a registry takes. */
  helmFlags: readonly string[];
  description?: string;
}

/** A release as it was rendered on the server. */
export interface Rendered {
  manifest: string;
  chart: { metadata: { name: string; version: string; appVersion?: string }; values?: object };
}

/** Runs Helm on one cluster and namespace. Failures are `CommandError`s that say what to do. */
export class Helm {
  /** Without a leading v. */
  readonly version: string;
  readonly #path: string;
  readonly #cluster: Cluster;
  readonly #context: CommandContext;

  private constructor(path: string, version: string, cluster: Cluster, context: CommandContext) {
    this.#path = path;
    this.version = version;
    this.#cluster = cluster;
    this.#context = context;
  }

  /** Finds Helm by PLANE_HELM, else on the PATH. */
  static async find(cluster: Cluster, context: CommandContext): Promise<Helm> {
    const { path, version } = await findHelm(context);
    return new Helm(path, version, cluster, context);
  }

  /** The release of that name in the namespace; undefined when there is none. */
  async release(name: string): Promise<Release | undefined> {
    const found = await this.#json<Release[]>([
      "list",
      "--filter",
      `^${name.replaceAll(/[.]/g, "\\.")}$`,
      "-o",
      "json",
    ]);
    return found[0];
  }

  /** All releases of the namespace, or of all. */
  releases(options: { allNamespaces: boolean }): Promise<Release[]> {
    const flags = ["--max", "0", "--time-format", "2006-01-02T15:04:05Z07:00"];
    return this.#json(["list", "-o", "json", ...flags, ...(options.allNamespaces ? ["-A"] : [])]);
  }

  /** When a release was first installed: RFC 3339. */
  async firstDeployed(release: Release): Promise<string> {
    const args = ["status", release.name, "-o", "json", "-n", release.namespace];
    return (await this.#json<{ info: { first_deployed: string } }>(args)).info.first_deployed;
  }

  /** The values that the last operation was given. */
  async values(name: string): Promise<object> {
    return (await this.#json<object | null>(["get", "values", name, "-o", "json"])) ?? {};
  }

  /** The objects of the last operation, as YAML. */
  manifest(name: string): Promise<string> {
    return this.#run(["get", "manifest", name]);
  }

  /** Renders a release on the server and changes nothing. */
  async render(installation: Installation): Promise<Rendered> {
    const args = ["--dry-run=server", "--take-ownership", "-o", "json"];
    return upgradeOf(await this.#upgrade(installation, args));
  }

  /** The values that a chart has by itself, those of its parts included. */
  async defaults(installation: Installation): Promise<object> {
    const bare = { ...installation, values: {}, valueFlags: [] };
    const text = await this.#upgrade(bare, ["--dry-run=client", "-o", "json"]);
    return upgradeOf(text).chart.values ?? {};
  }

  /** Renders a release without asking the cluster, which an upgrade of one that is there would. */
  async template(installation: Installation): Promise<string> {
    const args = ["install", ...termsOf(installation), "--dry-run=client", "-o", "json"];
    return upgradeOf(await this.#run(args, JSON.stringify(installation.values))).manifest;
  }

  /** Installs or upgrades. It does not wait until Pods are ready. */
  async upgrade(installation: Installation): Promise<void> {
    await this.#upgrade(installation, ["--history-max", "10", "-o", "json"]);
  }

  /** Uninstalls; what is marked to be kept stays. */
  async uninstall(name: string): Promise<void> {
    await this.#run(["uninstall", name, "--ignore-not-found"]);
  }

  #upgrade(installation: Installation, flags: readonly string[]): Promise<string> {
    const { values, description } = installation;
    const args = ["upgrade", ...termsOf(installation), "--install"];
    // What others changed in our objects is put back: the values are what counts.
    args.push("--server-side=true", "--force-conflicts", ...flags);
    if (description) args.push("--description", description);
    return this.#run(args, JSON.stringify(values));
  }

  async #json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.#run(args)) as T;
  }

  async #run(args: readonly string[], input?: string): Promise<string> {
    const { environment, signal } = this.#context;
    const { flags, namespace } = this.#cluster;
    const where = [
      ...(flags.kubeconfig ? ["--kubeconfig", flags.kubeconfig] : []),
      ...(flags.context ? ["--kube-context", flags.context] : []),
      ...(args.includes("-n") ? [] : ["--namespace", namespace]),
    ];
    const result = await execa(this.#path, [...args, ...where], {
      env: environment,
      extendEnv: false,
      reject: false,
      cancelSignal: signal,
      // Helm records what it was doing when it is told to stop; that takes a moment.
      forceKillAfterDelay: 30_000,
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
    signal.throwIfAborted();
    if (result.failed) throw explainHelmFailure(args, result.stderr || messageOf(result), this.#cluster);
    return result.stdout;
  }
}

/** What is installed, as arguments of Helm, which reads the values from its standard input. */
function termsOf({ release, chart, chartVersion, valueFlags, helmFlags }: Installation): string[] {
  const version = chartVersion ? ["--version", chartVersion] : [];
  return [release, chart, "--values", "-", ...valueFlags, ...helmFlags, ...version];
}

/** The JSON of an upgrade, before which Helm says where it pulled the chart from. */
function upgradeOf(text: string): Rendered {
  return JSON.parse(text.slice(text.search(/^\{/m))) as Rendered;
}

/** Where Helm is and what it calls itself. */
async function findHelm(context: CommandContext): Promise<{ path: string; version: string }> {
  const named = variable(context, "PLANE_HELM");
  const path = named ?? (await onPath("helm", variable(context, "PATH") ?? ""));
  if (path === undefined) {
    throw new CommandError("helm is not installed: there is none on the PATH", {
      next: [
        `install Helm ${minimumVersion} or later: https://helm.sh/docs/intro/install`,
        "or say where it is: PLANE_HELM=/path/to/helm",
      ],
    });
  }
  const { stdout, failed, shortMessage } = await execa(path, ["version", "--short"], { reject: false });
  const version = semver.coerce(stdout)?.version;
  if (failed || version === undefined) {
    const source = named === undefined ? path : `PLANE_HELM=${path}`;
    throw usageError(`${source} cannot be run as Helm: ${failed ? shortMessage : `it says "${stdout}"`}`);
  }
  if (semver.lt(version, minimumVersion)) {
    throw new CommandError(`${path} is Helm ${version}; expected ${minimumVersion} or later`, {
      next: [
        "install a newer one: https://helm.sh/docs/intro/install, or say where it is: PLANE_HELM=/path/to/helm",
      ],
    });
  }
  return { path, version };
}

async function onPath(program: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter(Boolean)) {
    const candidate = join(directory, program);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not here
    }
  }
  return undefined;
}
