import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterContext } from "../cluster/context.ts";
import { imageReference, registryAlias, type LocalImage } from "../images/images.ts";
import { run } from "../process/run.ts";
import type { NodePrograms } from "./components.ts";
import { shareImages } from "./image-store.ts";
import type { NodeNamespaces } from "./namespaces.ts";
import { cniConfig, type PodNetwork } from "./pod-network.ts";

/** Where the node itself finds containerd. */
export const containerdSocket = "/run/containerd/containerd.sock";

/** What containerd is started with. */
export interface ContainerdOptions {
  namespaces: NodeNamespaces;
  programs: NodePrograms;
  network: PodNetwork;
  /** `host:port` of the cluster's registry. */
  registry: string;
  /** See `shareImages`. */
  imageStore: string;
  pause: LocalImage;
}

/** Starts containerd in the node and waits until it answers. */
export async function startContainerd(context: ClusterContext, options: ContainerdOptions): Promise<void> {
  const { namespaces, programs } = options;
  const dir = await context.state.makeDir("containerd");
  await shareImages(options.imageStore, join(dir, "root"));
  const configPath = await writeConfiguration(dir, options);
  const address = namespaces.outside(containerdSocket);
  await context.supervisor.start({
    name: "containerd",
    ...namespaces.enter(programs.containerd, ["--config", configPath]),
    graceful: false,
    ready: async (signal) => {
      await run(programs.ctr, ["--address", address, "version"], { signal });
      return true;
    },
  });
}

async function writeConfiguration(dir: string, options: ContainerdOptions): Promise<string> {
  const [cniDir, hostsDir] = [join(dir, "cni"), join(dir, "hosts")];
  await mkdir(cniDir, { recursive: true });
  await writeFile(join(cniDir, "pods.conflist"), cniConfig(options.network));
  // By both names: Pods ask by the alias, and what is pushed is named by the address.
  for (const host of [registryAlias, options.registry]) {
    await mkdir(join(hostsDir, host), { recursive: true });
    await writeFile(join(hostsDir, host, "hosts.toml"), hostsToml(options.registry));
  }
  const path = join(dir, "config.toml");
  await writeFile(path, configToml(dir, { ...options, cniDir, hostsDir }));
  return path;
}

function hostsToml(registry: string): string {
  return `server = "http://${registry}"

[host."http://${registry}"]
  capabilities = ["pull", "resolve"]
`;
}

function configToml(dir: string, options: ContainerdOptions & { cniDir: string; hostsDir: string }): string {
  const cri = `plugins."io.containerd.grpc.v1.cri"`;
  return `version = 2
root = "${dir}/root"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "${containerdSocket}"

[${cri}]
  sandbox_image = "${imageReference(options.pause)}"
  # kubelet asks for -998, which needs CAP_SYS_RESOURCE; without it runc could not start a container.
  restrict_oom_score_adj = true
  # No stream of logs or exec leaves the node but through the API server.
  stream_server_address = "127.0.0.1"

[${cri}.containerd]
  snapshotter = "overlayfs"
  discard_unpacked_layers = true

[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
  BinaryName = "${options.programs.runc}"
  SystemdCgroup = false

[${cri}.cni]
  bin_dir = "${options.programs.cniDir}"
  conf_dir = "${options.cniDir}"

[${cri}.registry]
  config_path = "${options.hostsDir}"
`;
}
