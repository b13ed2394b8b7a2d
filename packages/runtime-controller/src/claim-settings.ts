import { type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { integer } from "@datalayer/shared/config/values";
import type { ClaimSettings } from "./claims.ts";

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

function limitOf(count: number): number {
  return count === 0 ? Infinity : count;
}
