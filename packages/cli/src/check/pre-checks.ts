import semver from "semver";
import { age } from "../terminal/age.ts";
import { type Category, failed, fromFact, ok, warned } from "./check.ts";
import type { PreFacts } from "./pre-facts.ts";

/** ValidatingAdmissionPolicies, which keep the states of runtimes, are served since then. */
const oldestKubernetes = "1.30.0";

const MAX_SKEW_MS = 30_000;

const podSecurity = "pod-security.kubernetes.io/enforce";

/** What an installation needs, in the order in which it needs it. */
export const preChecks: readonly Category<PreFacts>[] = [
  {
    name: "Tools",
    checks: [
      {
        id: "helm",
        description: "Helm is there, and new enough",
        run: ({ helmVersion }) => ("value" in helmVersion ? ok : failed(helmVersion.problem)),
      },
      {
        id: "chart",
        description: "the chart can be rendered",
        run: ({ helmVersion, chartKinds }) => {
          if (!("value" in helmVersion)) return warned("not known without Helm");
          return "value" in chartKinds ? ok : failed(chartKinds.problem);
        },
      },
    ],
  },
  {
    name: "Kubernetes",
    checks: [
      {
        id: "kubernetes-version",
        description: `Kubernetes is ${oldestKubernetes.slice(0, 4)} or later`,
        run: ({ kubernetesVersion }) => {
          const version = semver.coerce(kubernetesVersion);
          if (!version) return warned(`its version reads "${kubernetesVersion}"`);
          return semver.gte(version, oldestKubernetes) ? ok : failed(`it is ${kubernetesVersion}`);
        },
      },
      {
        id: "clock",
        description: "the clocks of the cluster and of this machine agree",
        run: ({ clockAheadMs }) => {
          if (Math.abs(clockAheadMs) <= MAX_SKEW_MS) return ok;
          const direction = clockAheadMs > 0 ? "ahead of" : "behind";
          return warned(
            `that of the API server is ${age(Math.abs(clockAheadMs))} ${direction} this machine's`,
          );
        },
      },
      {
        id: "served-kinds",
        description: "every object of the chart is of a kind that is served",
        run: ({ unservedKinds }) =>
          fromFact(unservedKinds, (unserved) =>
            unserved.length === 0 ? ok : failed(`not served: ${unserved.join(", ")}`),
          ),
      },
      {
        id: "nodes",
        description: "a node is ready",
        run: ({ nodes }) =>
          fromFact(nodes, (found) => {
            const ready = found.filter(
              ({ status, spec }) => !spec?.unschedulable && isReady(status?.conditions),
            );
            return ready.length > 0 ? ok : warned(`none of ${found.length} is ready and takes Pods`);
          }),
      },
    ],
  },
  {
    name: "Rights",
    checks: [
      {
        id: "rights",
        description: "you may make and remove every object of the chart",
        run: ({ missingRights }) =>
          fromFact(missingRights, (missing) =>
            missing.length === 0
              ? ok
              : failed(["you may not:", ...missing.map((right) => `  ${right}`)].join("\n")),
          ),
      },
      {
        id: "namespace",
        description: "the namespace is there or can be made, and admits runtimes",
        run: ({ namespace, release }) =>
          fromFact(namespace, (found) => {
            if (found?.metadata.deletionTimestamp) return failed(`${release.namespace} is being deleted`);
            const level = found?.metadata.labels?.[podSecurity];
            if (level === "restricted")
              return warned("it enforces Pod Security restricted; runtimes need baseline");
            return found && level === undefined
              ? warned(`${release.namespace} enforces no Pod Security level`)
              : ok;
          }),
      },
    ],
  },
  {
    name: "Cluster",
    checks: [
      {
        id: "other-release",
        description: "no other release has the kinds of the operator",
        run: ({ definitions, releases, release }) =>
          fromFact(definitions, (found) => {
            const living = "value" in releases ? releases.value : [];
            const foreign = found.filter(
              ({ owner }) =>
                owner &&
                living.some(({ name, namespace }) => name === owner.name && namespace === owner.namespace) &&
                (owner.name !== release.name || owner.namespace !== release.namespace),
            );
            if (foreign.length === 0) return ok;
            const owners = new Set(
              foreign.map(({ owner }) => `${owner?.namespace ?? ""}/${owner?.name ?? ""}`),
            );
            return failed(`they belong to release ${[...owners].join(", ")}: one operator serves a cluster`);
          }),
      },
      {
        id: "data-plane",
        description: "Traefik or the Gateway API is there to lead requests to runtimes",
        run: ({ apiGroups }) =>
          fromFact(apiGroups, (groups) =>
            groups.includes("traefik.io") || groups.includes("gateway.networking.k8s.io")
              ? ok
              : warned(
                  "neither traefik.io nor gateway.networking.k8s.io is served: Routes will not become ready",
                ),
          ),
      },
      {
        id: "storage-class",
        description: "there is a default StorageClass for homes of users",
        run: ({ storageClasses }) =>
          fromFact(storageClasses, (found) => {
            const isDefault = "storageclass.kubernetes.io/is-default-class";
            const some = found.some(({ metadata }) => metadata.annotations?.[isDefault] === "true");
            return some
              ? ok
              : warned("none of them is the default: name one in DATALAYER_VOLUMES_STORAGE_CLASS");
          }),
      },
      {
        id: "cert-manager",
        description: "cert-manager is there to make certificates",
        run: ({ apiGroups }) =>
          fromFact(apiGroups, (groups) =>
            groups.includes("cert-manager.io")
              ? ok
              : warned("it is not: hosts with https need a Secret with their certificate"),
          ),
      },
    ],
  },
  {
    name: "Cloud credentials",
    checks: [
      {
        id: "credentials-file",
        description: "files with credentials of a cloud can be used, and nobody else can read them",
        run: ({ cloudFiles }) => {
          if (!("value" in cloudFiles)) return failed(cloudFiles.problem);
          const exposed = cloudFiles.value.filter(({ isExposed }) => isExposed).map(({ path }) => path);
          return exposed.length === 0 ? ok : warned(`others can read ${exposed.join(", ")}`);
        },
      },
    ],
  },
];

function isReady(conditions: readonly { type: string; status: string }[] = []): boolean {
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
