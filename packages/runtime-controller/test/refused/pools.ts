import type { RefusedSpec } from "./refused-spec.ts";

const term = { matchExpressions: [{ key: "k", operator: "Exists" }] };

/** Specs of pools that the schema refuses. */
export const refusedPools: RefusedSpec[] = [
  ["a size below 0", { size: -1 }, "spec.size", "should be greater than or equal to 0"],
  ["a size of 2^31", { size: 2 ** 31 }, "spec.size", "should be less than or equal to 5000"],
  ["a size beyond the limit", { size: 5001 }, "spec.size", "should be less than or equal to 5000"],
  ["a size that no computer holds", { size: 2 ** 53 }, "spec.size", "should be less than or equal to 5000"],
  ["half a runtime", { size: 1.5 }, "spec.size", 'must be of type int32: "float64"'],
  ["a size as text", { size: "3" }, "spec.size", 'must be of type integer: "string"'],
  ["a burning rate below 0", { burningRate: -1 }, "spec.burningRate", "should be greater than or equal to 0"],
  [
    "a burning rate of 1e308",
    { burningRate: 1e308 },
    "spec.burningRate",
    "should be less than or equal to 1e+06",
  ],
  [
    "a burning rate that is text",
    { burningRate: "NaN" },
    "spec.burningRate",
    'must be of type number: "string"',
  ],
  [
    "a negative idle time",
    { cull: { seconds: -1 } },
    "spec.cull.seconds",
    "should be greater than or equal to 0",
  ],
  [
    "an idle time of 2^62",
    { cull: { seconds: 2 ** 62 } },
    "spec.cull.seconds",
    "should be less than or equal to 31536000",
  ],
  ["an empty environment", { environment: "" }, "spec.environment", "should be at least 1 chars long"],
  [
    "an environment with a line break",
    { environment: "a\nb" },
    "spec.environment",
    "should match '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'",
  ],
  [
    "a CPU of 1e400",
    { resources: { limits: { cpu: "1e400" } } },
    "spec.resources.limits.cpu",
    "should match '^[0-9]{1,6}(\\.[0-9]{1,3})?m?$'",
  ],
  [
    "a negative memory",
    { resources: { limits: { memory: "-1Gi" } } },
    "spec.resources.limits.memory",
    "should match '^[0-9]{1,15}(\\.[0-9]{1,9})?(m|k|K|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$'",
  ],
  [
    "half a GPU",
    { resources: { limits: { "nvidia.com/gpu": "0.5" } } },
    "spec.resources.limits.nvidia.com/gpu",
    "should match '^[0-9]{1,3}$'",
  ],
  [
    "more CPU requested than allowed",
    { resources: { requests: { cpu: "2" }, limits: { cpu: "1500m" } } },
    "spec.resources.requests.cpu",
    "requests.cpu is 2, which exceeds limits.cpu, 1500m",
  ],
  [
    "more memory requested than allowed",
    { resources: { requests: { memory: "2Gi" }, limits: { memory: "1Gi" } } },
    "spec.resources.requests.memory",
    "requests.memory is 2Gi, which exceeds limits.memory, 1Gi",
  ],
  [
    "more GPUs requested than allowed",
    { resources: { requests: { "nvidia.com/gpu": "2" }, limits: { "nvidia.com/gpu": "1" } } },
    "spec.resources.requests",
    "requests of GPUs must equal their limits",
  ],
  [
    "1,000 affinity terms",
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: Array(1000).fill(term) },
        },
      },
    },
    "nodeSelectorTerms",
    "must have at most 64 items",
  ],
  [
    "10,000 tolerations",
    { tolerations: Array(10_000).fill({ key: "k", operator: "Exists" }) },
    "spec.tolerations",
    "must have at most 64 items",
  ],
  [
    "100 node labels",
    { nodeSelector: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, "v"])) },
    "spec.nodeSelector",
    "must have at most 64 items",
  ],
  [
    "a node label that cannot be one",
    { nodeSelector: { "a b": "v" } },
    "spec.nodeSelector",
    "a b is not the key of a label",
  ],
  [
    "a value that no node label can have",
    { nodeSelector: { a: "-" } },
    "spec.nodeSelector",
    "should match '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'",
  ],
  [
    "an unknown effect",
    { tolerations: [{ effect: "NoSchedul" }] },
    "spec.tolerations[0].effect",
    'supported values: "", "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ],
  [
    "an unknown operator",
    { tolerations: [{ operator: "Exist" }] },
    "spec.tolerations[0].operator",
    'supported values: "Exists", "Equal"',
  ],
  ["a path of the host", { volumes: [{ hostPath: { path: "/" } }] }, "spec.volumes", "unknown field"],
  ["the PID namespace of the host", { hostPID: true }, "spec.hostPID", "unknown field"],
  ["a foreign ServiceAccount", { serviceAccountName: "admin" }, "spec.serviceAccountName", "unknown field"],
  ["null where a list is", { tolerations: [null] }, "spec.tolerations[0]", 'must be of type object: "null"'],
];
