import { SettingsError } from "@datalayer/shared/config/settings";
import { describe, expect, it } from "vitest";
import { cloudSettingsOf } from "./cloud-settings.ts";
import { settings } from "./config.ts";
import { scalingKeysOf, scalingLimitsOf } from "./scaling-settings.ts";

const parsed = (environment: Record<string, string> = {}) =>
  settings.parse({ DATALAYER_OPERATOR_API_KEY: "0123456789abcdef", ...environment });

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    cloudSettingsOf(parsed(environment));
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
};

describe("the settings of scaling", () => {
  it("have the published defaults", () => {
    expect(scalingLimitsOf(parsed())).toEqual({
      isDryRun: true,
      minNodes: 0,
      maxNodes: 100,
      upThreshold: 1,
      downThreshold: 0,
      downMaxStep: 1,
      downHeadroomMultiplier: 2,
      headroom: { cpu: 1, memory: 2 ** 30 },
      cooldownMs: 30_000,
      retryDelayMs: 5_000,
      maxRedeliveries: 5,
      joinMs: 900_000,
    });
    expect(scalingKeysOf(parsed())).toEqual({
      configMap: { namespace: "datalayer-runtimes", name: "datalayer-operator-scaling" },
      commands: "operator-scaling-commands-topic",
      deadLetters: "operator-scaling-commands-dlq-topic",
      events: "operator-scaling-events-topic",
      mostEvents: 512,
      dedupMs: 5_000,
    });
    expect(parsed()).toMatchObject({ scalingStrategy: "simple", scalingTickSeconds: 5 });
  });

  it("ask for no cloud in a dry run", () => {
    expect(cloudSettingsOf(parsed())).toBeUndefined();
    expect(
      cloudSettingsOf(parsed({ DATALAYER_SCALING_DRY_RUN: "false", DATALAYER_SCALING_STRATEGY: "none" })),
    ).toBeUndefined();
  });

  it("name the group and its cloud otherwise", () => {
    const cloud = cloudSettingsOf(
      parsed({
        DATALAYER_SCALING_DRY_RUN: "false",
        DATALAYER_SCALING_PROVIDER: "azure",
        DATALAYER_SCALING_NODE_GROUP: "workers",
        AZURE_CLIENT_SECRET: "secret",
        AWS_ACCESS_KEY_ID: "",
      }),
    );
    expect(cloud).toMatchObject({ provider: "azure", group: "workers" });
    expect(cloud?.variables.AZURE_CLIENT_SECRET()).toBe("secret");
    expect(cloud?.variables.AWS_ACCESS_KEY_ID()).toBeUndefined();
  });

  const wrong: [string, Record<string, string>, string[]][] = [
    [
      "no group",
      { DATALAYER_SCALING_DRY_RUN: "false" },
      ["DATALAYER_SCALING_PROVIDER is not set", "DATALAYER_SCALING_NODE_GROUP is not set"],
    ],
    [
      "more at least than at most",
      { DATALAYER_SCALING_MIN_NODES: "9", DATALAYER_SCALING_MAX_NODES: "8" },
      ['DATALAYER_SCALING_MIN_NODES="9": expected at most'],
    ],
    [
      "thresholds that meet",
      { DATALAYER_SCALING_PRESSURE_SCALE_DOWN_THRESHOLD: "1" },
      ['DATALAYER_SCALING_PRESSURE_SCALE_DOWN_THRESHOLD="1": expected less than'],
    ],
    [
      "topics that are the same",
      { DATALAYER_SCALING_EVENTS_TOPIC: "t", DATALAYER_SCALING_COMMANDS_TOPIC: "t" },
      ["expected three different keys"],
    ],
    [
      "a topic with the name of another key",
      { DATALAYER_SCALING_EVENTS_TOPIC: "state" },
      ["none of them state"],
    ],
  ];
  it.each(wrong)("refuse %s, naming it", (_, environment, expected) => {
    const problems = problemsOf(environment);
    expect(problems).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(problems[index]).toContain(text);
  });
});
