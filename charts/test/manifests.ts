/** The objects of charts, as far as the tests read them. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
}

export interface Metadata {
  name: string;
  namespace?: string;
  labels?: Labels;
  annotations?: Labels;
}

export type Labels = Readonly<Record<string, string>>;

export interface Selector {
  matchLabels?: Labels;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

export interface SecurityContext {
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { add?: string[]; drop?: string[] };
  runAsNonRoot?: boolean;
  runAsUser?: number;
  readOnlyRootFilesystem?: boolean;
  seccompProfile?: { type: string };
  procMount?: string;
  seLinuxOptions?: object;
  appArmorProfile?: object;
  sysctls?: object[];
  windowsOptions?: { hostProcess?: boolean };
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  env?: {
    name: string;
    value?: string;
    valueFrom?: { secretKeyRef?: { name: string; key: string } };
  }[];
  envFrom?: { secretRef?: { name: string } }[];
  ports?: { name: string; containerPort: number; hostPort?: number }[];
  securityContext?: SecurityContext;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
  resources?: object;
}

export interface Volume {
  name: string;
  secret?: { secretName: string; defaultMode?: number; items?: { key: string; path: string }[] };
  [source: string]: unknown;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  serviceAccountName?: string;
  imagePullSecrets?: { name: string }[];
  securityContext?: SecurityContext;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  priorityClassName?: string;
}

export interface Pod extends Manifest {
  spec: PodSpec;
}

export interface Deployment extends Manifest {
  spec: {
    replicas?: number;
    selector: Selector;
    template: { metadata: Pick<Metadata, "labels" | "annotations">; spec: PodSpec };
  };
}

export interface Service extends Manifest {
  spec: {
    type: string;
    clusterIP?: string;
    selector: Labels;
    ports: { name: string; port: number; targetPort: string }[];
  };
}

export interface Secret extends Manifest {
  stringData?: Labels;
}

export interface PolicyRule {
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
  verbs: string[];
}

export interface Role extends Manifest {
  rules?: PolicyRule[];
}

export interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string; except?: string[] };
}

export interface NetworkRule {
  from?: Peer[];
  to?: Peer[];
  ports?: { port: number; protocol: string }[];
}

export interface NetworkPolicy extends Manifest {
  spec: {
    podSelector: Selector;
    policyTypes: string[];
    ingress?: NetworkRule[];
    egress?: NetworkRule[];
  };
}

export interface CustomResourceDefinition extends Manifest {
  spec: { scope: string; names: { plural: string; kind: string } };
}
