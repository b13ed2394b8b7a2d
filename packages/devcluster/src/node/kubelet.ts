import { stringify } from "yaml";
import type { NodeContext } from "../cluster/context.ts";
import { coreApi, workerLabels } from "../cluster/nodes.ts";
import { freePort } from "../cluster/ports.ts";
import { createCgroup } from "./cgroup.ts";
import { containerdSocket } from "./containerd.ts";
import type { NodeNamespaces } from "./namespaces.ts";
import type { PodNetwork } from "./pod-network.ts";

/** What kubelet is started with. */
export interface KubeletOptions {
  program: string;
  namespaces: NodeNamespaces;
  network: PodNetwork;
}

/** Starts kubelet, which registers its node itself, and waits until that is Ready. */
export async function startKubelet(context: NodeContext, options: KubeletOptions): Promise<void> {
  const { nodeName, nodeKubeconfigPath, adminKubeconfigPath } = context.api;
  const { bridge, hostAddress } = options.network;
  const dir = await context.state.makeDir("kubelet");
  const cgroupRoot = `/${bridge}`;
  await createCgroup(context, cgroupRoot);
  const port = await freePort(hostAddress);
  const config = await kubeletConfiguration(context, { hostAddress, port, cgroupRoot, dir });
  const configPath = await context.state.writeFile("kubelet/config.yaml", stringify(config));
  const labels = Object.entries(workerLabels).map(([name, value]) => `${name}=${value}`);
  await context.supervisor.start({
    name: "kubelet",
    ...options.namespaces.enter(options.program, [
      `--config=${configPath}`,
      `--kubeconfig=${nodeKubeconfigPath}`,
      `--root-dir=${dir}/root`,
      `--cert-dir=${dir}/pki`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${hostAddress}`,
      `--node-labels=${labels.join(",")}`,
    ]),
    port,
    graceful: false,
    ready: () => isNodeReady(adminKubeconfigPath, nodeName),
  });
}

async function isNodeReady(kubeconfigPath: string, name: string): Promise<boolean> {
  const node = await coreApi(kubeconfigPath).readNode({ name });
  return (node.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
}

interface Places {
  hostAddress: string;
  port: number;
  cgroupRoot: string;
  dir: string;
}

async function kubeletConfiguration(context: NodeContext, places: Places): Promise<object> {
  const { hostAddress, port, cgroupRoot, dir } = places;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: hostAddress,
    port,
    healthzBindAddress: "127.0.0.1",
    healthzPort: await freePort(),
    authentication: {
      anonymous: { enabled: false },
      x509: { clientCAFile: context.api.kubeletClientCaPath },
    },
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot,
    podLogsDir: `${dir}/pod-logs`,
    volumePluginDir: `${dir}/volume-plugins`,
    // There is no DNS: names fail at once, and Pods get no warning that one is missing.
    clusterDNS: [hostAddress],
    clusterDomain: "cluster.local",
    resolvConf: "",
    // The machine as it is: swap, version 1 of control groups, limits that only a whole node may set.
    failSwapOn: false,
    failCgroupV1: false,
    oomScoreAdj: 0,
    // The disk is the reader's, and no business of this node.
    evictionHard: { "imagefs.available": "0%", "nodefs.available": "0%" },
    imageGCHighThresholdPercent: 100,
    maxPods: 250,
    registryPullQPS: 0,
    serializeImagePulls: false,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
  };
}
