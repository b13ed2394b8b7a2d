import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ClusterOptions, type StartedCluster, startCluster } from "@datalayer/devcluster/cluster";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { chartsDir, helm, helmOk, type HelmResult } from "./helm.ts";
import type { Manifest } from "./manifests.ts";

/** The namespace that everything is installed in. */
export const namespace = "datalayer-runtimes";

const installable = ["operator", "runtime-controller", "route-controller", "image-controller"];

/** A cluster of its own, with a registry, to install charts in: definitions and rights are there once in a cluster. */
export class ChartCluster {
  readonly cluster: StartedCluster;

  private constructor(cluster: StartedCluster) {
    this.cluster = cluster;
  }

  /** Pods are played by kwok, which is enough to see that they are admitted, scheduled and ready. */
  static async start(options: Pick<ClusterOptions, "kwokNodes"> = {}): Promise<ChartCluster> {
    return new ChartCluster(
      await startCluster({ ...options, nodes: "kwok", registry: true, progress: stderrProgress() }),
    );
  }

  /** `oci://` of the charts in the registry. */
  get charts(): string {
    return `oci://${this.cluster.registry ?? ""}/datalayer-charts`;
  }

  /** A folder that goes with the cluster. */
  async dir(name: string): Promise<string> {
    const path = join(this.cluster.directory, name);
    await mkdir(path, { recursive: true });
    return path;
  }

  /** Packages the charts of a folder, and pushes them. */
  async publish(from = chartsDir): Promise<void> {
    const packages = await this.dir("packages");
    for (const chart of installable) {
      const { stdout } = await helmOk(["package", join(from, chart), "--destination", packages]);
      const file = stdout.slice(stdout.indexOf("/"));
      await helmOk(["push", file, this.charts, "--plain-http"]);
    }
  }

  /** `helm upgrade --install` of a chart in the registry. */
  install(options: {
    chart?: string;
    release?: string;
    namespace?: string;
    values?: object;
    args?: readonly string[];
  }): Promise<HelmResult> {
    const { chart = "operator", release = "datalayer-operator", values, args = [] } = options;
    return helm(
      [
        ...["upgrade", "--install", release, `${this.charts}/${chart}`, "--plain-http"],
        ...["--namespace", options.namespace ?? namespace, "--create-namespace", ...args],
      ],
      { kubeconfigPath: this.cluster.kubeconfigPath, ...(values && { values }) },
    );
  }

  /** Any other command of Helm. */
  helm(args: readonly string[]): Promise<HelmResult> {
    return helm(args, { kubeconfigPath: this.cluster.kubeconfigPath });
  }

  /** What kubectl prints. @throws Error with what it complains of. */
  async kubectl(args: readonly string[], input = ""): Promise<string> {
    const { stdout } = await execa("kubectl", args, { env: this.cluster.env(), input });
    return stdout;
  }

  /** The objects that kubectl gets. */
  async get(...args: string[]): Promise<Manifest[]> {
    const { items } = parse(await this.kubectl(["get", ...args, "--output", "yaml"])) as {
      items: Manifest[];
    };
    return items;
  }

  /** Applies objects as they are. */
  async apply(...objects: object[]): Promise<void> {
    await this.kubectl(
      ["apply", "--filename", "-"],
      objects.map((object) => stringify(object)).join("---\n"),
    );
  }
}
