import { objectName } from "@datalayer/shared/config/names";
import { type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { boolean, decimal, integer, oneOf, text } from "@datalayer/shared/config/values";
import type { ScalingLimits } from "./node-scaling/limits.ts";
import type { ScalingKeys } from "./node-scaling/store.ts";

const seconds = integer({ min: 0, max: 86_400 });
const topic = text({
  maxLength: 253,
  pattern: /^[-._a-zA-Z0-9]+$/,
  expected: "letters, digits, '-', '_' and '.': it names a key of a ConfigMap",
});

/** The settings of node scaling. Names and defaults of the published ones are a contract. */
export const scalingSettingTable = settingTable({
  scalingStrategy: {
    name: "DATALAYER_SCALING_STRATEGY",
    schema: oneOf(["simple", "none"]),
    default: "simple",
    description: "How the number of nodes is decided; none leaves nodes alone and decides nothing.",
  },
  scalingDryRun: {
    name: "DATALAYER_SCALING_DRY_RUN",
    schema: boolean(),
    default: "true",
    description: "Decide and record, and change nothing: neither the cloud nor a node.",
  },
  scalingProvider: {
    name: "DATALAYER_SCALING_PROVIDER",
    schema: oneOf(["aws", "azure"]),
    optional: true,
    description:
      "The cloud that nodes come from: an Auto Scaling group of AWS, or a virtual machine scale set of Azure. Required when DATALAYER_SCALING_DRY_RUN is false.",
  },
  scalingNodeGroup: {
    name: "DATALAYER_SCALING_NODE_GROUP",
    schema: text({ maxLength: 255 }),
    optional: true,
    description: "The name of that group or scale set. Required when DATALAYER_SCALING_DRY_RUN is false.",
  },
  scalingMinNodes: {
    name: "DATALAYER_SCALING_MIN_NODES",
    schema: integer({ min: 0, max: 5_000 }),
    default: "0",
    description: "The least number of nodes for runtimes.",
  },
  scalingMaxNodes: {
    name: "DATALAYER_SCALING_MAX_NODES",
    schema: integer({ min: 0, max: 5_000 }),
    default: "100",
    description: "The greatest number of nodes for runtimes.",
  },
  scalingTickSeconds: {
    name: "DATALAYER_SCALING_TICK_INTERVAL_SECONDS",
    schema: integer({ min: 1, max: 3_600 }),
    default: "5",
    unit: "seconds",
    description: "How long after one look at the cluster the next one comes.",
  },
  scalingUpThreshold: {
    name: "DATALAYER_SCALING_PRESSURE_SCALE_UP_THRESHOLD",
    schema: integer({ min: 1 }),
    default: "1",
    description: "Nodes are added when at least so many runtimes wait for one.",
  },
  scalingDownThreshold: {
    name: "DATALAYER_SCALING_PRESSURE_SCALE_DOWN_THRESHOLD",
    schema: integer({ min: 0 }),
    default: "0",
    description: "Nodes are removed when at most so many runtimes wait for one.",
  },
  scalingDownMaxStep: {
    name: "DATALAYER_SCALING_SCALE_DOWN_MAX_STEP",
    schema: integer({ min: 0, max: 100 }),
    default: "1",
    description: "How many nodes are removed at once; 0 removes none ever.",
  },
  scalingDownHeadroomMultiplier: {
    name: "DATALAYER_SCALING_SCALE_DOWN_HEADROOM_MULTIPLIER",
    schema: decimal({ min: 1, max: 100 }),
    default: "2",
    description: "A node is removed when so many times the headroom stays free without it.",
  },
  scalingCooldownSeconds: {
    name: "DATALAYER_SCALING_COOLDOWN_SECONDS",
    schema: seconds,
    default: "30",
    unit: "seconds",
    description: "How long after one decision to add or remove nodes the next one comes.",
  },
  scalingEventDedupSeconds: {
    name: "DATALAYER_SCALING_EVENT_DEDUP_SECONDS",
    schema: seconds,
    default: "5",
    unit: "seconds",
    description: "What is recorded in the history is not recorded again within this time.",
  },
  scalingHistoryMaxEvents: {
    name: "DATALAYER_SCALING_HISTORY_MAX_EVENTS",
    schema: integer({ min: 1, max: 1_024 }),
    default: "512",
    unit: "events",
    description: "How long the history is; older events are dropped.",
  },
  scalingEventsTopic: {
    name: "DATALAYER_SCALING_EVENTS_TOPIC",
    schema: topic,
    default: "operator-scaling-events-topic",
    description: "The key of the ConfigMap that holds the history.",
  },
  scalingCommandsTopic: {
    name: "DATALAYER_SCALING_COMMANDS_TOPIC",
    schema: topic,
    default: "operator-scaling-commands-topic",
    description: "The key of the ConfigMap that holds the commands under way, and the last that ended.",
  },
  scalingDeadLettersTopic: {
    name: "DATALAYER_SCALING_COMMANDS_DLQ_TOPIC",
    schema: topic,
    default: "operator-scaling-commands-dlq-topic",
    description: "The key of the ConfigMap that holds the commands that were given up.",
  },
  scalingConfigMap: {
    name: "DATALAYER_SCALING_COMMANDS_SUBSCRIPTION",
    schema: objectName,
    default: "datalayer-operator-scaling",
    description: "The ConfigMap, in the namespace of the operator, that holds all that scaling remembers.",
  },
  scalingMaxRedeliveries: {
    name: "DATALAYER_SCALING_COMMANDS_MAX_REDELIVERIES",
    schema: integer({ min: 0, max: 100 }),
    default: "5",
    description: "How often a command is tried again before it is given up.",
  },
  scalingRetryDelaySeconds: {
    name: "DATALAYER_SCALING_COMMANDS_RETRY_DELAY_SECONDS",
    schema: seconds,
    default: "5",
    unit: "seconds",
    description: "How long after a failure a command is tried again; later when the cloud asks for it.",
  },
  scalingMinHeadroomCpuMillis: {
    name: "DATALAYER_SCALING_MIN_HEADROOM_CPU_MILLIS",
    schema: integer({ min: 0 }),
    default: "1000",
    unit: "thousandths of a core",
    description: "Free CPU to keep on the nodes of runtimes, while there are any runtimes.",
  },
  scalingMinHeadroomMemoryMb: {
    name: "DATALAYER_SCALING_MIN_HEADROOM_MEMORY_MB",
    schema: integer({ min: 0 }),
    default: "1024",
    unit: "MiB",
    description: "Free memory to keep on the nodes of runtimes, while there are any runtimes.",
  },
  scalingJoinSeconds: {
    name: "DATALAYER_SCALING_NODE_JOIN_SECONDS",
    schema: integer({ min: 10, max: 86_400 }),
    default: "900",
    unit: "seconds",
    description:
      "How long a new machine may take to become a node that is ready; then it is counted as lost.",
  },
});

type Settings = SettingsOf<typeof scalingSettingTable>;

/** The numbers that decisions follow, of the settings of the process. */
export function scalingLimitsOf(settings: Settings): ScalingLimits {
  return {
    isDryRun: settings.scalingDryRun,
    minNodes: settings.scalingMinNodes,
    maxNodes: settings.scalingMaxNodes,
    upThreshold: settings.scalingUpThreshold,
    downThreshold: settings.scalingDownThreshold,
    downMaxStep: settings.scalingDownMaxStep,
    downHeadroomMultiplier: settings.scalingDownHeadroomMultiplier,
    headroom: {
      cpu: settings.scalingMinHeadroomCpuMillis / 1000,
      memory: settings.scalingMinHeadroomMemoryMb * 2 ** 20,
    },
    cooldownMs: settings.scalingCooldownSeconds * 1000,
    retryDelayMs: settings.scalingRetryDelaySeconds * 1000,
    maxRedeliveries: settings.scalingMaxRedeliveries,
    joinMs: settings.scalingJoinSeconds * 1000,
  };
}

/** Where scaling keeps what it remembers, and how much of it. */
export function scalingKeysOf(settings: Settings & { podNamespace: string }): ScalingKeys {
  return {
    configMap: { namespace: settings.podNamespace, name: settings.scalingConfigMap },
    commands: settings.scalingCommandsTopic,
    deadLetters: settings.scalingDeadLettersTopic,
    events: settings.scalingEventsTopic,
    mostEvents: settings.scalingHistoryMaxEvents,
    dedupMs: settings.scalingEventDedupSeconds * 1000,
  };
}

/** What in these settings contradicts something else in them. */
export function scalingFaultsIn(settings: Settings): string[] {
  const { scalingMinNodes: least, scalingMaxNodes: most } = settings;
  const { scalingUpThreshold: up, scalingDownThreshold: down } = settings;
  const topics = [
    settings.scalingEventsTopic,
    settings.scalingCommandsTopic,
    settings.scalingDeadLettersTopic,
  ];
  return [
    ...(least > most
      ? [
          `DATALAYER_SCALING_MIN_NODES="${least}": expected at most DATALAYER_SCALING_MAX_NODES, which is ${most}`,
        ]
      : []),
    ...(down >= up
      ? [
          `DATALAYER_SCALING_PRESSURE_SCALE_DOWN_THRESHOLD="${down}": expected less than DATALAYER_SCALING_PRESSURE_SCALE_UP_THRESHOLD, which is ${up}`,
        ]
      : []),
    ...(new Set(topics).size < topics.length || topics.includes("state")
      ? [
          `DATALAYER_SCALING_EVENTS_TOPIC, DATALAYER_SCALING_COMMANDS_TOPIC and DATALAYER_SCALING_COMMANDS_DLQ_TOPIC are ${topics.join(", ")}: expected three different keys, none of them state`,
        ]
      : []),
  ];
}
