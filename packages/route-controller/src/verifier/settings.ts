import { commonSettings } from "@datalayer/shared/config/common";
import { defineSettings, type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { duration, integer, port } from "@datalayer/shared/config/values";
import { sharedSettings } from "../config.ts";

const table = settingTable({
  ...commonSettings,
  ...sharedSettings,
  port: {
    name: "DATALAYER_VERIFIER_PORT",
    schema: port(),
    default: "2113",
    description: "The port at which data planes ask the verifier.",
  },
  decisions: {
    name: "DATALAYER_VERIFIER_DECISIONS",
    schema: integer({ min: 0, max: 1_000_000 }),
    default: "10000",
    unit: "decisions",
    description: "How many decisions are remembered at most, so that not every request is one.",
  },
  decisionMaxAgeMs: {
    name: "DATALAYER_VERIFIER_DECISION_MAX_AGE",
    schema: duration({ minMs: 0, maxMs: 300_000 }),
    default: "10s",
    description:
      "How long a decision is remembered at most: for so long a service that would now refuse a request is not asked.",
  },
  drainDelayMs: {
    name: "DATALAYER_VERIFIER_DRAIN_DELAY",
    schema: duration({ minMs: 0, maxMs: 60_000 }),
    default: "5s",
    description:
      "How long the verifier still answers after it was told to stop, until nobody is sent to it any more.",
  },
});

/** Every setting of `route-controller verifier`. */
export const verifierSettings = defineSettings(table);

/** The settings of a verifier process. */
export type VerifierSettings = SettingsOf<typeof table>;
