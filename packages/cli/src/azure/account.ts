import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { credentialsPath } from "../clouder-home/paths.ts";
import { writePrivate } from "../clouder-home/write-private.ts";
import { usageError } from "../command/command-error.ts";
import { type CommandContext, variable } from "../command/context.ts";
import type { AccountFlags } from "./options.ts";

const uuid = z.guid({ error: "expected a UUID, such as 00000000-0000-0000-0000-000000000000" });

const accountSchema = z.object({
  subscriptionId: uuid,
  tenantId: uuid,
  clientId: uuid,
  clientSecret: z
    .string({ error: "expected a text" })
    .regex(/^[\x21-\x7e]+$/, { error: "expected a text of printable characters, without spaces" }),
});

/** A service principal, its secret, and the subscription that it works on. */
export type Account = z.infer<typeof accountSchema>;

/** The names of the parts, in the order in which they are asked for. */
export const accountKeys = ["subscriptionId", "tenantId", "clientId", "clientSecret"] as const;

const variables = {
  subscriptionId: "AZURE_SUBSCRIPTION_ID",
  tenantId: "AZURE_TENANT_ID",
  clientId: "AZURE_CLIENT_ID",
  clientSecret: "AZURE_CLIENT_SECRET",
} as const;

const flagNames = {
  subscriptionId: "--subscription-id",
  tenantId: "--tenant-id",
  clientId: "--client-id",
  clientSecret: "--client-secret-file",
} as const;

/**
 * What the flags say, else the variables, else what is stored; the stored secret is that of its own service principal
 * alone.
 *
 * @throws CommandError (usage) when something is missing, or is not what it should be.
 */
export async function accountOf(context: CommandContext, flags: AccountFlags): Promise<Account> {
  const given = await givenAccount(context, flags);
  const { clientSecret, ...stored } = await storedAccount(context);
  const isSame = given.clientId === undefined || given.clientId === stored.clientId;
  return checkedAccount({ ...stored, ...(isSame && clientSecret && { clientSecret }), ...given });
}

/** What the flags say, else the variables. Warns of a secret that others can read. */
export async function givenAccount(context: CommandContext, flags: AccountFlags): Promise<Partial<Account>> {
  const { terminal } = context;
  if (flags.clientSecret !== undefined) {
    const warning = terminal.paint("yellow", "Warning:");
    terminal.tell(
      `${warning} every user of this machine can read --client-secret in the list of processes: use --client-secret-file`,
    );
  }
  const fromFile =
    flags.clientSecretFile === undefined ? undefined : await readSecret(flags.clientSecretFile);
  const told = { ...flags, clientSecret: fromFile ?? flags.clientSecret };
  const parts = accountKeys.map((key) => [key, told[key] ?? variable(context, variables[key])] as const);
  return Object.fromEntries(parts.filter(([, value]) => value !== undefined));
}

async function readSecret(path: string): Promise<string> {
  if (path === "-") return (await text(process.stdin)).trim();
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw usageError(
      `--client-secret-file ${path}: expected a readable file with the secret alone (${code})`,
    );
  }
}

/** Checks that nothing is missing. Messages name the parts, and never show a secret. */
export function checkedAccount(parts: Partial<Account>): Account {
  const result = accountSchema.safeParse(parts);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path: [key], message }) => {
    const name = key as keyof Account;
    const value = parts[name];
    const shown = value === undefined ? "is not given" : name === "clientSecret" ? "" : `"${value}"`;
    return `\n  ${flagNames[name]} or ${variables[name]}: ${shown}${shown && ": "}${message}`;
  });
  throw usageError(
    `no usable service principal:${lines.join("")}`,
    "clouder azure configure   # asks for them",
  );
}

/** What `clouder azure configure` stored; nothing where it never ran. */
export async function storedAccount(context: CommandContext): Promise<Partial<Account>> {
  const path = credentialsPath(context, "azure");
  try {
    const stored = z
      .partialRecord(z.enum(accountKeys), z.string())
      .safeParse(parse(await readFile(path, "utf8")));
    if (stored.success) return stored.data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
  }
  // What the library says quotes the line, which may be that of the secret.
  throw usageError(
    `${path}: expected YAML with the texts ${accountKeys.join(", ")}`,
    "clouder azure configure   # after it was removed; writes it anew",
  );
}

/** Stores an account for later commands; answers with the path. */
export async function storeAccount(context: CommandContext, account: Account): Promise<string> {
  const path = credentialsPath(context, "azure");
  await writePrivate(path, stringify(account));
  return path;
}
