import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { usageError } from "../command/command-error.ts";
import { type CommandContext, variable } from "../command/context.ts";
import { type Cloud, credentialsPath } from "./paths.ts";
import { writePrivate } from "./write-private.ts";

/** What clouder has to know of a cloud to sign in there. */
export interface AccountKind<Key extends string> {
  readonly cloud: Cloud;
  /** What messages call it, such as "service principal". */
  readonly name: string;
  readonly schema: z.ZodType<Account<Key>>;
  /** In the order in which they are asked for. */
  readonly parts: Readonly<Record<Key, AccountPart>>;
  /** The part that says who signs in: a stored secret is good for that one alone. */
  readonly identity: Key;
  /** The part that nobody may see. */
  readonly secret: Key;
}

/** One of the texts that an account consists of. */
export interface AccountPart {
  flag: `--${string}`;
  /** The first that is set counts. */
  variables: readonly [string, ...string[]];
  question: string;
}

/** What signs in, by its parts. */
export type Account<Key extends string> = Record<Key, string>;

/** What the flags of a command say of an account. */
export type AccountFlags<Key extends string> = Partial<Account<Key>> & {
  /** A file with the secret alone; `-` is standard input. */
  secretFile?: string | undefined;
};

/** The schema of a secret, of which messages show nothing. */
export const secretSchema = z
  .string({ error: "expected a text" })
  .regex(/^[\x21-\x7e]+$/, { error: "expected a text of printable characters, without spaces" });

/** The names of the parts, in the order in which they are asked for. */
export function keysOf<Key extends string>({ parts }: AccountKind<Key>): Key[] {
  return Object.keys(parts) as Key[];
}

/**
 * What the flags say, else the variables, else what is stored; the stored secret is that of its own account alone.
 *
 * @throws CommandError (usage) when something is missing, or is not what it should be.
 */
export async function accountOf<Key extends string>(
  context: CommandContext,
  kind: AccountKind<Key>,
  flags: AccountFlags<Key>,
): Promise<Account<Key>> {
  const given = await givenAccount(context, kind, flags);
  const stored = await storedAccount(context, kind);
  const { identity, secret } = kind;
  const isSame = given[identity] === undefined || given[identity] === stored[identity];
  const base: Partial<Account<Key>> = isSame ? stored : { ...stored, [secret]: undefined };
  return checkedAccount(kind, { ...base, ...given });
}

/** What the flags say, else the variables. Warns of a secret that others can read. */
export async function givenAccount<Key extends string>(
  context: CommandContext,
  kind: AccountKind<Key>,
  flags: AccountFlags<Key>,
): Promise<Partial<Account<Key>>> {
  const { terminal } = context;
  const { secret, parts } = kind;
  const { flag } = parts[secret];
  if (flags[secret] !== undefined) {
    terminal.tell(
      `${terminal.paint("yellow", "Warning:")} every user of this machine can read ${flag} in the list of processes: use ${flag}-file`,
    );
  }
  const fromFile = flags.secretFile === undefined ? undefined : await readSecret(flags.secretFile, flag);
  const told: Partial<Account<Key>> = fromFile === undefined ? flags : { ...flags, [secret]: fromFile };
  const values = keysOf(kind).map((key) => [key, told[key] ?? fromVariables(context, parts[key])] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Partial<Account<Key>>;
}

function fromVariables(context: CommandContext, { variables }: AccountPart): string | undefined {
  return variables.map((name) => variable(context, name)).find((value) => value !== undefined);
}

async function readSecret(path: string, flag: string): Promise<string> {
  if (path === "-") return (await text(process.stdin)).trim();
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw usageError(`${flag}-file ${path}: expected a readable file with the secret alone (${code})`);
  }
}

/** Checks that nothing is missing. Messages name the parts, and never show a secret. */
export function checkedAccount<Key extends string>(
  kind: AccountKind<Key>,
  account: Partial<Account<Key>>,
): Account<Key> {
  const result = kind.schema.safeParse(account);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path: [at], message }) => {
    const key = at as Key;
    const { flag, variables } = kind.parts[key];
    const value = account[key];
    const shown = value === undefined ? "is not given" : key === kind.secret ? "" : `"${value}"`;
    const name = key === kind.secret ? `${flag}-file` : flag;
    return `\n  ${name} or ${variables[0]}: ${shown}${shown && ": "}${message}`;
  });
  throw usageError(
    `no usable ${kind.name}:${lines.join("")}`,
    `clouder ${kind.cloud} configure   # asks for them`,
  );
}

/** What `clouder <cloud> configure` stored; nothing where it never ran. */
export async function storedAccount<Key extends string>(
  context: CommandContext,
  kind: AccountKind<Key>,
): Promise<Partial<Account<Key>>> {
  const path = credentialsPath(context, kind.cloud);
  const keys = keysOf(kind);
  try {
    const stored = z.partialRecord(z.enum(keys), z.string()).safeParse(parse(await readFile(path, "utf8")));
    if (stored.success) return stored.data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
  }
  // What the library says quotes the line, which may be that of the secret.
  throw usageError(
    `${path}: expected YAML with the texts ${keys.join(", ")}`,
    `clouder ${kind.cloud} configure   # after it was removed; writes it anew`,
  );
}

/** Stores an account for later commands; answers with the path. */
export async function storeAccount<Key extends string>(
  context: CommandContext,
  { cloud }: AccountKind<Key>,
  account: Account<Key>,
): Promise<string> {
  const path = credentialsPath(context, cloud);
  await writePrivate(path, stringify(account));
  return path;
}
