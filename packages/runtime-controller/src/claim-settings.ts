import { type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { integer, list, text } from "@datalayer/shared/config/values";
import type { SizeClass } from "./cold-start/cold-size.ts";
import { ulid } from "ulid";
import type { ColdStarterOptions } from "./cold-start/cold-starter.ts";
import type { ClaimSettings } from "./claims.ts";

const sizeClass = text({
  pattern: /^[a-z0-9][a-z0-9-]{0,62}:\d+(\.\d+)?m?:\d+(Mi|Gi|Ti)?:\d+(\.\d+)?$/,
  expected: "name:cpu:memory:credits per second, such as small:1:2Gi:0.0008",
});

/** The settings of claims: limits, and what happens where no runtime is available. */
export const claimSettingTable = settingTable({
  maxRuntimesPerUser: {
    name: "DATALAYER_MAX_RUNTIMES_PER_USER",
    schema: integer({ min: 0 }),
    default: "5",
    description: "How many runtimes a user may have at once; 0 sets no limit.",
  },
  maxRuntimesPerNamespace: {
    name: "DATALAYER_MAX_RUNTIMES_PER_NAMESPACE",
    schema: integer({ min: 0 }),
    default: "0",
    description: "How many runtimes the users of one namespace may have at once; 0 sets no limit.",
  },
  claimQueueLength: {
    name: "DATALAYER_CLAIM_QUEUE_LENGTH",
    schema: integer({ min: 0 }),
    default: "500",
    description: "How many claims may wait for a runtime on one replica; 0 lets none wait.",
  },
  claimMaxWaitSeconds: {
    name: "DATALAYER_CLAIM_MAX_WAIT_SECONDS",
    schema: integer({ min: 1, max: 3600 }),
    default: "60",
    unit: "seconds",
    description: "How long a claim may wait, whatever it prefers.",
  },
  startWithinSeconds: {
    name: "DATALAYER_COLD_START_WITHIN_SECONDS",
    schema: integer({ min: 10, max: 3600 }),
    default: "300",
    unit: "seconds",
    description:
      "How long a runtime that is created for its claim, or that resumes, may take to serve; then it is ended.",
  },
  sizeClasses: {
    name: "DATALAYER_SIZE_CLASSES",
    schema: list(sizeClass, { min: 1 }),
    default: "small:1:2Gi:0.0008,medium:4:8Gi:0.0016,large:8:16Gi:0.0032",
    description: "The sizes that claims may name, each as name:cpu:memory:credits per second.",
  },
});

/** What claims are made with, of the settings of the process. */
export function claimSettingsOf(settings: SettingsOf<typeof claimSettingTable>): ClaimSettings {
  return {
    quota: {
      perUser: limitOf(settings.maxRuntimesPerUser),
      perNamespace: limitOf(settings.maxRuntimesPerNamespace),
    },
    queueLength: settings.claimQueueLength,
  };
}

/** What runtimes are created with for claims, of the settings of the process. */
export function coldStartSettingsOf(
  settings: SettingsOf<typeof claimSettingTable>,
): Pick<ColdStarterOptions, "classes" | "startWithinMs" | "newUlid"> {
  return {
    classes: new Map(settings.sizeClasses.map(sizeClassOf)),
    startWithinMs: settings.startWithinSeconds * 1000,
    newUlid: () => ulid().toLowerCase(),
  };
}

function sizeClassOf(text: string): [string, SizeClass] {
  const [name = "", cpu = "", memory = "", rate] = text.split(":");
  return [name, { cpu, memory, burningRate: Number(rate) }];
}

function limitOf(count: number): number {
  return count === 0 ? Infinity : count;
}
