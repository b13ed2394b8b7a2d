import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { commonSettings } from "./common.ts";
import type { Secret } from "./secret.ts";
import { defineSettings, SettingsError, type Environment } from "./settings.ts";
import { boolean, duration, integer, port, text } from "./values.ts";

const settings = defineSettings({
  port: { name: "DATALAYER_OPERATOR_PORT", schema: port(), default: "2111", description: "Port." },
  drain: { name: "DATALAYER_DRAIN", schema: duration(), default: "10s", description: "Drain." },
  cluster: { name: "DATALAYER_CLUSTER", schema: text(), description: "Cluster." },
  dryRun: { name: "DATALAYER_SCALING_DRY_RUN", schema: boolean(), optional: true, description: "Dry." },
  apiKey: {
    name: "DATALAYER_OPERATOR_API_KEY",
    schema: text({ minLength: 16, expected: "a key of 16 characters or more" }),
    secret: true,
    description: "Key.",
  },
  oldKey: {
    name: "DATALAYER_OPERATOR_API_KEY_PREVIOUS",
    schema: text({ minLength: 16 }),
    secret: true,
    optional: true,
    description: "Previous key.",
  },
});

const KEY = "canary-key-0123456789";
const complete = { DATALAYER_CLUSTER: "r1", DATALAYER_OPERATOR_API_KEY: KEY };

function problemsOf(env: Environment): readonly string[] {
  try {
    settings.parse(env);
    return [];
  } catch (error) {
    return (error as SettingsError).problems;
  }
}

describe("settings", () => {
  it("take what is set and fill in the defaults, typed and frozen", () => {
    const parsed = settings.parse({
      ...complete,
      DATALAYER_OPERATOR_PORT: "80",
      DATALAYER_SCALING_DRY_RUN: "",
    });
    expect(parsed).toMatchObject({ port: 80, drain: 10_000, cluster: "r1", dryRun: undefined });
    expect(parsed.apiKey.reveal()).toBe(KEY);
    expect(Object.isFrozen(parsed)).toBe(true);
    expectTypeOf(parsed.port).toEqualTypeOf<number>();
    expectTypeOf(parsed.dryRun).toEqualTypeOf<boolean | undefined>();
    expectTypeOf(parsed.apiKey).toEqualTypeOf<Secret>();
    expectTypeOf(parsed.oldKey).toEqualTypeOf<Secret | undefined>();
  });

  it("list every problem at once, with variable, value and what was expected", () => {
    const problems = problemsOf({
      DATALAYER_OPERATOR_PORT: "70000",
      DATALAYER_DRAIN: "soon",
      DATALAYER_OPERATOR_API_KEY: "hunter2hunter2",
    });
    expect(problems).toEqual([
      'DATALAYER_OPERATOR_PORT="70000": expected an integer from 0 to 65535',
      'DATALAYER_DRAIN="soon": expected a duration such as 30s or 5m, from 0s',
      "DATALAYER_CLUSTER is not set: expected a text of 1 to 4096 characters",
      "DATALAYER_OPERATOR_API_KEY=[redacted, 14 characters]: expected a key of 16 characters or more",
    ]);
  });

  it("say that a missing secret may come from a file", () => {
    expect(problemsOf({ DATALAYER_CLUSTER: "r1" })).toEqual([
      "DATALAYER_OPERATOR_API_KEY is not set: expected a key of 16 characters or more " +
        "(or in the file named by DATALAYER_OPERATOR_API_KEY_FILE)",
    ]);
  });

  it("refuse a default that the schema refuses, when they are declared", () => {
    const table = { size: { name: "SIZE", schema: integer(), default: "three", description: "Size." } };
    expect(() => defineSettings(table)).toThrow("The default of SIZE is not an integer");
  });

  it("point out variables that look misspelt, and leave others alone", () => {
    const env = { DATALAYER_OPERATOR_PROT: "1", DATALAYER_SOMETHING_ELSE: "1", PATH: "/bin" };
    expect(settings.nearMisses(env)).toEqual([
      "DATALAYER_OPERATOR_PROT is not a setting; DATALAYER_OPERATOR_PORT is",
    ]);
  });

  it("describe themselves for the documentation", () => {
    expect(settings.describe()[0]).toEqual({
      key: "port",
      name: "DATALAYER_OPERATOR_PORT",
      default: "2111",
      required: false,
      secret: false,
      unit: undefined,
      expected: "an integer from 0 to 65535",
      description: "Port.",
    });
  });
});

describe("a secret setting", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "settings-"));
    file = join(folder, "key");
  });

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  function fromFile() {
    return settings.parse({ DATALAYER_CLUSTER: "r1", DATALAYER_OPERATOR_API_KEY_FILE: file }).apiKey;
  }

  /** Lets the second pass after which a secret looks at its file again. */
  function aSecondLater(): void {
    const now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now + 1_001);
  }

  it("never shows its value by accident", () => {
    const { apiKey } = settings.parse(complete);
    const shown = [String(apiKey), JSON.stringify({ apiKey }), inspect({ apiKey }, { depth: 9 })].join();
    expect(shown).not.toContain(KEY);
    expect(shown).toContain("[redacted]");
  });

  it("comes from a file, without its line break", () => {
    writeFileSync(file, `${KEY}\n`);
    expect(fromFile().reveal()).toBe(KEY);
  });

  it("follows its file", () => {
    writeFileSync(file, KEY);
    const secret = fromFile();
    writeFileSync(file, "another-key-of-some-length\n");
    aSecondLater();
    expect(secret.reveal()).toBe("another-key-of-some-length");
  });

  it.each([
    ["becomes unfit", () => writeFileSync(file, "short")],
    ["disappears", () => rmSync(file)],
  ])("keeps its last good value, with a warning, when the file %s", (_what, spoil) => {
    writeFileSync(file, KEY);
    const secret = fromFile();
    const warning = vi.spyOn(process, "emitWarning").mockReturnValue();
    spoil();
    aSecondLater();
    expect(secret.reveal()).toBe(KEY);
    expect(warning).toHaveBeenCalledOnce();
    expect(String(warning.mock.calls[0]![0])).not.toContain("short");
  });

  it("names the file, not the content, when something is wrong with it", () => {
    const env = { ...complete, DATALAYER_OPERATOR_API_KEY_FILE: file };
    expect(problemsOf(env)).toEqual([
      "DATALAYER_OPERATOR_API_KEY and DATALAYER_OPERATOR_API_KEY_FILE are both set; expected one of them",
    ]);
    const alone = { DATALAYER_CLUSTER: "r1", DATALAYER_OPERATOR_API_KEY_FILE: file };
    expect(problemsOf(alone).join()).toMatch(/_FILE=".*": expected a readable file \(ENOENT\)$/);
    writeFileSync(file, "canary");
    expect(problemsOf(alone).join()).toMatch(/the file holds \[redacted, 6 characters\]: expected a key/);
  });
});

it("has these defaults in common", () => {
  const rows = defineSettings(commonSettings).describe();
  expect(Object.fromEntries(rows.map((row) => [row.name, row.default]))).toEqual({
    DATALAYER_LOG_LEVEL: "info",
    DATALAYER_LOG_FORMAT: "auto",
    DATALAYER_OPS_PORT: "8081",
  });
});
