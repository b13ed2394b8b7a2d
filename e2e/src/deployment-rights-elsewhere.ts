/** Rights of a role that need what this cluster has not, or what would take long here. */
interface Elsewhere {
  role: string;
  why: string;
  /** Verbs, by resource. */
  rights: Readonly<Record<string, readonly string[]>>;
}

const write = ["create", "patch", "delete"] as const;

/**
 * Rights that an installation does not use in its first hour. Those of the runtime-controller and of the route-controller
 * are used by the tests of their rights (`test/rbac.cluster.test.ts` in their packages), which run the controllers under
 * the same accounts, and fail for each that is not used.
 */
const elsewhere: readonly Elsewhere[] = [
  {
    role: "datalayer-runtime-controller",
    why: "Nodes come from a cloud: they are cordoned, forgotten and told of when node scaling takes them away.",
    rights: { nodes: ["patch", "delete"] },
  },
  {
    role: "datalayer-runtime-controller-events",
    why: "The same: Events about Nodes.",
    rights: { "events.k8s.io/events": ["create", "patch"] },
  },
  {
    role: "datalayer-runtime-controller-own",
    why: "Records of usage go when there are very many.",
    rights: { configmaps: ["delete"] },
  },
  {
    role: "datalayer-runtime-controller",
    why: "Buckets are mounted by Datashim, with the credentials of a Secret.",
    rights: {
      secrets: ["get"],
      "datashim.io/datasets": ["watch", "create", "delete"],
      "datalayer.io/runtime-contents/status": ["patch"],
    },
  },
  {
    role: "datalayer-runtime-controller",
    why: "What users do over the REST API: volumes and homes, sizes of pools, contents of environments.",
    rights: {
      persistentvolumeclaims: ["get", ...write],
      "datalayer.io/runtime-pools": ["patch"],
      "datalayer.io/runtime-environments": ["patch"],
    },
  },
  {
    role: "datalayer-runtime-controller",
    why: "Two claims take the same runtime at once, and one of them looks why it was refused.",
    rights: { pods: ["get"] },
  },
  {
    role: "datalayer-runtime-controller",
    why: "A pool goes while a user has one of its runtimes, which gets a Route of its own until there is a pool again.",
    rights: { "datalayer.io/routes": ["delete"] },
  },
  {
    role: "datalayer-route-controller",
    why: "Certificates come from cert-manager.",
    rights: { "cert-manager.io/certificates": ["watch", ...write] },
  },
  {
    role: "datalayer-route-controller",
    why: "The backend of the default class is Traefik, not the Gateway API.",
    rights: {
      "gateway.networking.k8s.io/httproutes": write,
      "gateway.networking.k8s.io/referencegrants": write,
    },
  },
  {
    role: "datalayer-route-controller",
    why: "Routes with sign-in, weights, TLS and limits, and those that lead to Pods by a Service of their own.",
    rights: {
      services: ["delete"],
      "discovery.k8s.io/endpointslices": ["delete"],
      "traefik.io/middlewares": write,
      "traefik.io/serverstransports": write,
      "traefik.io/tlsoptions": write,
      "traefik.io/traefikservices": write,
    },
  },
  {
    role: "datalayer-route-controller-events",
    why: "A RouteClass fails twice.",
    rights: { "events.k8s.io/events": ["patch"] },
  },
];

/** All of them, as `<role>: <verb> <resource>`. */
export const usedElsewhere: readonly string[] = elsewhere.flatMap(({ role, rights }) =>
  Object.entries(rights).flatMap(([resource, verbs]) => verbs.map((verb) => `${role}: ${verb} ${resource}`)),
);
