import { join } from "node:path";
import { auditArgs } from "./audit.ts";
import type { ClusterContext } from "./context.ts";
import type { Credentials } from "./credentials.ts";
import { freePort } from "./ports.ts";
import { answersOk } from "./readiness.ts";

/** A running API server. */
export interface ApiServer {
  /** `https://<address>:<port>` */
  server: string;
  address: string;
  port: number;
  /** Its own certificate and the one that signed it; the server makes both at its start. */
  caPath: string;
}

/** What an API server is started with. */
export interface ApiServerOptions {
  program: string;
  etcdUrl: string;
  credentials: Credentials;
  /** See `ControlPlaneOptions`. */
  address: string;
  /** See `ClusterOptions`. */
  audit: boolean;
}

/** Starts the API server and waits until it is ready. */
export async function startApiServer(context: ClusterContext, options: ApiServerOptions): Promise<ApiServer> {
  const { address } = options;
  const port = await freePort(address);
  const server = `https://${address}:${port}`;
  const certDir = await context.state.makeDir("apiserver");
  const caPath = join(certDir, "apiserver.crt");
  await context.supervisor.start({
    name: "kube-apiserver",
    command: options.program,
    args: [
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      `--secure-port=${port}`,
      `--cert-dir=${certDir}`,
      `--etcd-servers=${options.etcdUrl}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--allow-privileged=true",
      // Without this, logs and exec dial the node by a host name that nothing resolves.
      "--kubelet-preferred-address-types=InternalIP",
      ...endpointArgs(address),
      ...credentialArgs(options.credentials),
      ...(options.audit ? await auditArgs(context.state) : []),
    ],
    port,
    graceful: false,
    ready: (signal) => answersOk(`${server}/readyz`, { caPath, signal }),
  });
  return { server, address, port, caPath };
}

/** The API server cannot publish a loopback address for Pods, and would log that it fails, for ever. */
function endpointArgs(address: string): string[] {
  return address.startsWith("127.") ? ["--endpoint-reconciler-type=none"] : [];
}

function credentialArgs(credentials: Credentials): string[] {
  return [
    `--token-auth-file=${credentials.tokenFile}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${credentials.serviceAccountPublicKeyFile}`,
    `--service-account-signing-key-file=${credentials.serviceAccountKeyFile}`,
    `--kubelet-client-certificate=${credentials.kubeletClientCertFile}`,
    `--kubelet-client-key=${credentials.kubeletClientKeyFile}`,
  ];
}
