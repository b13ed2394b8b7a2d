import type { Rendering } from "./helm.ts";

const monitoring = {
  serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
  prometheusRule: { enabled: true, runbookUrl: "https://runbooks.example.org/" },
  dashboards: { enabled: true, annotations: { grafana_folder: "Datalayer" } },
};

const placement = {
  commonLabels: { team: "platform" },
  podLabels: { cost: "shared" },
  podAnnotations: { "example.org/note": "kept" },
  nodeSelector: { "role.datalayer.io/api": "true" },
  tolerations: [{ key: "dedicated", operator: "Exists", effect: "NoSchedule" }],
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: "spot", operator: "DoesNotExist" }] } },
      ],
    },
  },
  priorityClassName: "system-cluster-critical",
  imagePullSecrets: [{ name: "reg-creds" }],
  autoscaling: { enabled: true, maxReplicas: 4 },
  extraEnv: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
  extraEnvFrom: [{ configMapRef: { name: "proxy", optional: true } }],
  extraVolumes: [{ name: "authorities", configMap: { name: "authorities" } }],
  extraVolumeMounts: [{ name: "authorities", mountPath: "/etc/authorities", readOnly: true }],
  extraObjects: [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "of-{{ .Release.Name }}" }, data: { a: "b" } },
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: text-of-{{ .Release.Name }}\n",
  ],
};

/** Everything that a chart can make. */
const everything = {
  operator: {
    ...monitoring,
    ...placement,
    certificateIssuer: "letsencrypt",
    env: { DATALAYER_RUNTIMES_URL: "https://r1.example.org", DATALAYER_RUNTIME_ROUTES: "pool" },
    cloudCredentials: {
      enabled: true,
      azure: { tenantId: "t", clientId: "c", clientSecret: "s", subscriptionId: "i", resourceGroup: "g" },
      aws: { accessKeyId: "a", secretAccessKey: "b", defaultRegion: "eu-west-1" },
    },
  },
  "route-controller": {
    ...monitoring,
    ...placement,
    extraObjects: [],
    certificateIssuer: "letsencrypt",
    traefikService: "traefik/traefik",
    gateway: { enabled: true },
  },
  "image-controller": { ...monitoring, ...placement, extraObjects: [] },
};

const replicas = (count: number): object => ({
  operator: { replicas: count },
  "route-controller": {
    replicas: count,
    verifier: { replicas: count },
    gateway: { enabled: true, replicas: count },
  },
  "image-controller": { replicas: count },
});

/** What administrators may want, by a name. */
export const profiles: Readonly<Record<string, Rendering>> = {
  "the defaults": {},
  everything: { values: everything },
  "several namespaces": {
    values: {
      operator: { watchNamespaces: ["team-a", "team-b"] },
      "route-controller": { watchNamespaces: ["team-a", "team-b"], gateway: { enabled: true } },
      "image-controller": { watchNamespaces: ["builds-a", "builds-b"] },
    },
  },
  "another release and namespace": { release: "mine", namespace: "elsewhere" },
  "an air gap": {
    values: {
      global: { imageRegistry: "registry.example.org:5000", imagePullSecrets: [{ name: "mirror" }] },
      operator: { image: { digest: `sha256:${"0".repeat(64)}` } },
    },
  },
  "keys and accounts of one's own": {
    values: {
      global: { apiKeySecret: "my-key" },
      operator: { serviceAccount: { create: false, name: "mine" } },
      "route-controller": { serviceAccount: { name: "routes", annotations: { "example.org/role": "r" } } },
    },
  },
  "one part of the umbrella": {
    values: { operator: { enabled: false }, "image-controller": { enabled: false } },
  },
  ...Object.fromEntries([0, 1, 2, 3].map((count) => [`${count} replicas`, { values: replicas(count) }])),
  "the runtime-controller alone": { chart: "runtime-controller" },
  "the route-controller alone": { chart: "route-controller" },
  "the image-controller alone": { chart: "image-controller" },
};

/** Rights in the whole cluster, where the administrator has asked for all namespaces. */
export const allNamespaces: Rendering = {
  values: {
    operator: { watchNamespaces: ["*"] },
    "route-controller": { watchNamespaces: ["*"], gateway: { enabled: true } },
    "image-controller": { watchNamespaces: ["*"] },
  },
};
