import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { together } from "../process/together.ts";
import { startApiServer, type ApiServer } from "./api-server.ts";
import type { ControlPlanePrograms } from "./components.ts";
import type { ApiServerAccess, ClusterContext } from "./context.ts";
import {
  createCredentials,
  kubeconfigText,
  realNodeName,
  type Credentials,
  type UserKey,
} from "./credentials.ts";
import { startEtcd } from "./etcd.ts";
import { freePort } from "./ports.ts";
import { answersOk } from "./readiness.ts";

/** How a control plane is set up. */
export interface ControlPlaneOptions {
  programs: ControlPlanePrograms;
  /**
   * The address that the API server listens on and makes known to Pods. Default: loopback, which Pods of a real
   * node cannot reach; such a cluster gives the address of the host on the bridge of its Pods.
   */
  address?: string;
  /** Whether etcd waits for the disk. Default: false, since the data goes with the cluster anyway. */
  fsync?: boolean;
  /** See `ClusterOptions`. */
  audit?: boolean;
}

/** Starts etcd, the API server, the controller manager and, if provided, the scheduler; all work on return. */
export async function startControlPlane(
  context: ClusterContext,
  options: ControlPlaneOptions,
): Promise<ApiServerAccess> {
  const { programs, address = "127.0.0.1", fsync = false, audit = false } = options;
  const credentials = await createCredentials(context.state);
  const etcdUrl = await startEtcd(context, { program: programs.etcd, fsync });
  const program = programs["kube-apiserver"];
  const apiServer = await startApiServer(context, { program, etcdUrl, credentials, address, audit });
  const kubeconfigs = await writeKubeconfigs(context, apiServer, credentials);
  const clients = [
    startClient(context, {
      name: "kube-controller-manager",
      program: programs["kube-controller-manager"],
      args: [
        ...controllerManagerArgs(apiServer, credentials),
        // It makes this folder, by default in a place of the machine.
        `--flex-volume-plugin-dir=${context.state.path("kube-controller-manager", "volume-plugins")}`,
      ],
      kubeconfigPath: kubeconfigs["controller-manager"],
    }),
  ];
  if (programs["kube-scheduler"] !== undefined) {
    const kubeconfigPath = kubeconfigs.scheduler;
    const spec = { name: "kube-scheduler", program: programs["kube-scheduler"], args: [], kubeconfigPath };
    clients.push(startClient(context, spec));
  }
  await together(clients);
  return {
    ...apiServer,
    adminKubeconfigPath: kubeconfigs.admin,
    nodeName: realNodeName,
    nodeKubeconfigPath: kubeconfigs.node,
    kubeletClientCaPath: credentials.kubeletClientCertFile,
  };
}

async function writeKubeconfigs(context: ClusterContext, apiServer: ApiServer, credentials: Credentials) {
  const ca = await readFile(apiServer.caPath, "utf8");
  const write = (key: UserKey, file: string) =>
    context.state.writeFile(
      file,
      kubeconfigText({ server: apiServer.server, ca, token: credentials.tokens[key] }),
    );
  return {
    admin: await write("admin", "kubeconfig"),
    node: await write("node", "credentials/node.kubeconfig"),
    scheduler: await write("scheduler", "credentials/scheduler.kubeconfig"),
    "controller-manager": await write("controller-manager", "credentials/controller-manager.kubeconfig"),
  };
}

function controllerManagerArgs(apiServer: ApiServer, credentials: Credentials): string[] {
  return [
    `--service-account-private-key-file=${credentials.serviceAccountKeyFile}`,
    `--root-ca-file=${apiServer.caPath}`,
    "--use-service-account-credentials=true",
    // A machine at its limit delays heartbeats; a node that only came late must not take its Pods out of service.
    "--node-monitor-grace-period=300s",
  ];
}

/** A client of the API server that serves its own health. */
interface ClientSpec {
  name: string;
  program: string;
  args: readonly string[];
  kubeconfigPath: string;
}

async function startClient(context: ClusterContext, spec: ClientSpec): Promise<void> {
  const port = await freePort();
  const certDir = await context.state.makeDir(spec.name);
  const caPath = join(certDir, `${spec.name}.crt`);
  await context.supervisor.start({
    name: spec.name,
    command: spec.program,
    args: [
      `--kubeconfig=${spec.kubeconfigPath}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${certDir}`,
      "--leader-elect=false",
      // The defaults (20 to 50 a second) would be what a bench measures.
      "--kube-api-qps=1000",
      "--kube-api-burst=2000",
      ...spec.args,
    ],
    port,
    graceful: false,
    ready: (signal) => answersOk(`https://127.0.0.1:${port}/healthz`, { caPath, signal }),
  });
}
