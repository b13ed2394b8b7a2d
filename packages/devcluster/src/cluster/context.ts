import type { Supervisor } from "../process/supervisor.ts";
import type { ClusterState } from "../process/state.ts";
import type { Progress } from "../progress/progress.ts";
import type { Provisioner } from "../provision/provisioner.ts";

/** What every part of a cluster is started with. */
export interface ClusterContext {
  name: string;
  /** The cluster's folder; undo entries are recorded here before the thing is made. */
  state: ClusterState;
  supervisor: Supervisor;
  provisioner: Provisioner;
  progress: Progress;
  /** Folders in which installed programs are looked up. */
  searchPath: readonly string[];
  signal: AbortSignal | undefined;
}

/** How parts reach the API server once it runs. */
export interface ApiServerAccess {
  /** `https://<address>:<port>`, the same from the host and, with a real node, from its Pods. */
  server: string;
  address: string;
  port: number;
  /** File with the certificates that the API server's own is checked against. */
  caPath: string;
  /** A kubeconfig of the group system:masters. */
  adminKubeconfigPath: string;
  /** The name under which the real node registers. */
  nodeName: string;
  /** A kubeconfig of the user `system:node:<nodeName>` in the group system:nodes. */
  nodeKubeconfigPath: string;
  /** File with the certificate by which a kubelet knows the API server (authentication.x509.clientCAFile). */
  kubeletClientCaPath: string;
}

/** What a real node, its registry and its proxy are started with. */
export interface NodeContext extends ClusterContext {
  api: ApiServerAccess;
}
