import { readSecretFile, Secret } from "./secret.ts";
import { closestName } from "./near-miss.ts";
import type { ValueSchema } from "./values.ts";

/** Environment variables as a process gets them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting: where it comes from, what it may be and what it means. */
export interface Setting<T = unknown> {
  /** The environment variable. */
  name: string;
  schema: ValueSchema<T>;
  /** As one would write it in the variable. A setting without default is required unless it is `optional`. */
  default?: string;
  /** Absent means undefined. An empty variable counts as absent: that is how charts write "not set". */
  optional?: true;
  /** Hidden everywhere, and may come from the file named by `<name>_FILE` instead. */
  secret?: true;
  /** The unit of a bare number, for the documentation. */
  unit?: string;
  /** One sentence for the person who sets it. */
  description: string;
}

/** Settings by the name the code uses. */
export type SettingTable = Readonly<Record<string, Setting>>;

type ValueOf<S extends Setting> = S["secret"] extends true ? Secret : S extends Setting<infer T> ? T : never;

/** What parsing a table yields. */
export type SettingsOf<Table extends SettingTable> = {
  readonly [Key in keyof Table]:
    ValueOf<Table[Key]> | (Table[Key]["optional"] extends true ? undefined : never);
};

/** One row of the settings' documentation. */
export interface SettingRow {
  key: string;
  name: string;
  default: string | undefined;
  required: boolean;
  secret: boolean;
  unit: string | undefined;
  expected: string;
  description: string;
}

/** Everything that is wrong with the environment, one line per problem. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? "a setting is" : `${problems.length} settings are`;
    super(`${count} not usable:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/** A table of settings, ready to be read. */
export interface Settings<Table extends SettingTable> {
  /** The settings, frozen. Throws one {@link SettingsError} that lists every problem. */
  parse(env: Environment): SettingsOf<Table>;
  /** Sentences on variables that are set but look like a misspelt setting. */
  nearMisses(env: Environment): string[];
  /** The table as documentation. */
  describe(): SettingRow[];
}

/** Keeps the literal types of a table that others spread into theirs. */
export function settingTable<const Table extends SettingTable>(table: Table): Table {
  return table;
}

/** Declares the settings of a process; a default that its own schema refuses throws at once. */
export function defineSettings<const Table extends SettingTable>(table: Table): Settings<Table> {
  const settings = Object.entries(table);
  for (const [, setting] of settings) {
    if (setting.default !== undefined && problemWith(setting, setting.default)) {
      throw new TypeError(`The default of ${setting.name} is not ${expectation(setting)}`);
    }
  }
  return {
    parse: (env) => parse(settings, env) as SettingsOf<Table>,
    nearMisses: (env) => nearMisses(settings, env),
    describe: () => settings.map(([key, setting]) => describe(key, setting)),
  };
}

function parse(settings: [string, Setting][], env: Environment): Record<string, unknown> {
  const problems: string[] = [];
  const parsed: Record<string, unknown> = {};
  for (const [key, setting] of settings) {
    const result = setting.secret ? readSecret(setting, env) : readPlain(setting, env);
    if ("problem" in result) problems.push(result.problem);
    else parsed[key] = result.value;
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(parsed);
}

type Reading = { value: unknown } | { problem: string };

function readPlain(setting: Setting, env: Environment): Reading {
  const written = valueIn(env, setting.name) ?? setting.default;
  if (written === undefined) return absent(setting);
  const result = setting.schema.safeParse(written);
  return result.success ? { value: result.data } : { problem: refusal(setting, written) };
}

function readSecret(setting: Setting, env: Environment): Reading {
  const path = valueIn(env, `${setting.name}_FILE`);
  const written = valueIn(env, setting.name);
  if (path !== undefined) {
    if (written === undefined) return readFile(setting, path);
    return { problem: `${setting.name} and ${setting.name}_FILE are both set; expected one of them` };
  }
  const value = written ?? setting.default;
  if (value === undefined) return absent(setting);
  return problemWith(setting, value) ? { problem: refusal(setting, value) } : { value: Secret.of(value) };
}

function readFile(setting: Setting, path: string): Reading {
  const source = `${setting.name}_FILE=${JSON.stringify(path)}`;
  try {
    const problem = problemWith(setting, readSecretFile(path));
    if (problem) return { problem: `${source}: the file holds ${problem}` };
    return { value: Secret.fromFile(path, (content) => problemWith(setting, content)) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { problem: `${source}: expected a readable file (${code})` };
  }
}

function absent(setting: Setting): Reading {
  if (setting.optional) return { value: undefined };
  const orFile = setting.secret ? ` (or in the file named by ${setting.name}_FILE)` : "";
  return { problem: `${setting.name} is not set: expected ${expectation(setting)}${orFile}` };
}

function refusal(setting: Setting, written: string): string {
  if (setting.secret) return `${setting.name}=${problemWith(setting, written) ?? ""}`;
  return `${setting.name}=${JSON.stringify(written)}: expected ${expectation(setting)}`;
}

/** What is wrong with a secret, without saying it. */
function problemWith(setting: Setting, written: string): string | undefined {
  if (setting.schema.safeParse(written).success) return undefined;
  return `[redacted, ${written.length} characters]: expected ${expectation(setting)}`;
}

function expectation(setting: Setting): string {
  return setting.schema.description ?? "another value";
}

function valueIn(env: Environment, name: string): string | undefined {
  const written = env[name]?.trim();
  return written === "" ? undefined : written;
}

function nearMisses(settings: [string, Setting][], env: Environment): string[] {
  const known = settings.flatMap(([, { name, secret }]) => (secret ? [name, `${name}_FILE`] : [name]));
  const prefixes = new Set(known.map((name) => name.slice(0, name.indexOf("_") + 1)));
  const unknown = Object.keys(env).filter((name) => !known.includes(name));
  return unknown
    .filter((name) => [...prefixes].some((prefix) => prefix !== "" && name.startsWith(prefix)))
    .flatMap((name) => {
      const meant = closestName(name, known);
      return meant === undefined ? [] : [`${name} is not a setting; ${meant} is`];
    });
}

function describe(key: string, setting: Setting): SettingRow {
  return {
    key,
    name: setting.name,
    default: setting.secret ? undefined : setting.default,
    required: setting.default === undefined && !setting.optional,
    secret: setting.secret ?? false,
    unit: setting.unit,
    expected: expectation(setting),
    description: setting.description,
  };
}
