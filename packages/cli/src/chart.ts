/**
 * What the commands know of the charts: names, labels and values that the charts and the controllers agree on.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Label and value of every Pod of the operator. */
export const operatorSelector = "app=operator";

/** Label with the name of a process, such as `runtime-controller`. */
export const componentLabel = "app.kubernetes.io/component";

/** Label with the release that made an object. */
export const releaseLabel = "app.kubernetes.io/instance";

/** Label with the version of the operator, also of a CustomResourceDefinition. */
export const versionLabel = "app.kubernetes.io/version";

/** The charts that make a release one of ours: the umbrella, and what may be installed alone. */
export const chartNames: readonly string[] = [
  "operator",
  "runtime-controller",
  "route-controller",
  "image-controller",
];

/** The processes that elect a leader, and the name of their Lease in the namespace of the release. */
export const leaseNames: readonly string[] = ["runtime-controller", "route-controller", "image-controller"];

/** The kinds that each process serves, by the names of their definitions. */
export const servedKinds: Readonly<Record<string, readonly string[]>> = {
  "runtime-controller": [
    "runtime-contents.datalayer.io",
    "runtime-environments.datalayer.io",
    "runtime-pools.datalayer.io",
  ],
  "route-controller": ["routes.datalayer.io", "route-classes.datalayer.io"],
  "image-controller": ["images.datalayer.io"],
};

/** The group of our kinds. */
export const group = "datalayer.io";

/** Selects the runtimes that users have. */
export const assignedRuntimes = "app=runtime-pools,runtime-pools.datalayer.io/pod-status=assigned";

/** Selects all runtimes. */
export const allRuntimes = "app=runtime-pools";

/** The Service of the REST API. */
export const apiService = { name: "datalayer-operator-svc", port: 2111 } as const;

/** Secrets that the operator makes for itself; they stay when the release goes. */
export const operatorSecrets: readonly string[] = [
  "datalayer-operator-api-key",
  "datalayer-operator-token-keys",
];

/** Select the ConfigMaps in which the operator writes what runtimes used, and what node scaling remembers; they stay. */
export const recordSelectors: readonly string[] = [
  "datalayer.io/usage=records",
  "datalayer.io/scaling=state",
];

/** The Secret with credentials of a cloud that the chart makes. */
export function generatedSecretName(release: string): string {
  return `${release}-cloud-credentials`;
}

/** What Helm writes on every object of a release. */
export const ownership = {
  release: "meta.helm.sh/release-name",
  namespace: "meta.helm.sh/release-namespace",
  managedBy: "app.kubernetes.io/managed-by",
  policy: "helm.sh/resource-policy",
} as const;

/** The Pod Security level that runtimes meet; a namespace that is created here enforces it. */
export const podSecurityLabels = { "pod-security.kubernetes.io/enforce": "baseline" } as const;

/** The umbrella chart of this very version, where it lies beside the commands. */
export function bundledChart(): string | undefined {
  const path = fileURLToPath(new URL("../../../charts/operator", import.meta.url));
  return existsSync(`${path}/Chart.yaml`) ? path : undefined;
}
