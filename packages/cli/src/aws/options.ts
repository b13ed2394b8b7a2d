import { type Command, Option } from "commander";
import type { ConfigureFlags as HowToConfigure } from "../clouder-home/configure.ts";
import { addExamples } from "../command/options.ts";
import type { AccessKey } from "./account.ts";

/** Flags that say who signs in, and where. */
type KeyFlags = Partial<AccessKey> & { secretAccessKeyFile?: string };

/** The flags of `clouder aws configure`. */
export type ConfigureFlags = KeyFlags & HowToConfigure;

/** The flags of `clouder aws helm-values`. */
export type HelmValuesFlags = KeyFlags & {
  cluster?: string;
  output?: string;
  group?: string;
  createUser: boolean;
  reuseUserOnly?: boolean;
};

/** Declares the command. */
export function configureOptions(command: Command): Command {
  addKeyOptions(command)
    .option("--no-interactive", "ask nothing: what is missing is an error")
    .option("--no-check", "store without signing in first");
  return addExamples(command, [
    ["clouder aws configure", "ask for what no variable says"],
    ["clouder aws configure --no-interactive --secret-access-key-file secret.txt", "for a script"],
  ]);
}

/** Declares the command. */
export function helmValuesOptions(command: Command): Command {
  addKeyOptions(command)
    .option("--cluster <name>", "cluster, as its context is called; `plane up` finds the file by it")
    .option("-g, --group <name>", "Auto Scaling group that the operator may scale; needed with --create-user")
    .option("-o, --output <file>", "file to write; - prints (default: where `plane up` looks)")
    .addOption(new Option("--create-user", "give the operator a user of its own").default(true))
    .option("--no-create-user", "have the operator sign in as clouder does")
    .option("--reuse-user-only", "use the user of an earlier call, and create none");
  return addExamples(command, [
    ["clouder aws helm-values --cluster prod --group workers", "then: plane up datalayer-operator"],
    ["clouder aws helm-values --cluster prod -o - --no-create-user", "print them"],
  ]);
}

function addKeyOptions(command: Command): Command {
  return command
    .option("--access-key-id <id>", "access key (default: $AWS_ACCESS_KEY_ID)")
    .option("--secret-access-key-file <file>", "file with its secret; - reads standard input")
    .option(
      "--secret-access-key <secret>",
      "its secret (default: $AWS_SECRET_ACCESS_KEY); others can read it in the list of processes",
    )
    .option("--region <region>", "region of the nodes (default: $AWS_REGION, else $AWS_DEFAULT_REGION)");
}
