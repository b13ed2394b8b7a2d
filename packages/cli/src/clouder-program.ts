import { Command } from "commander";
import * as aws from "./aws/options.ts";
import * as azure from "./azure/options.ts";
import type { CommandContext } from "./command/context.ts";
import { version } from "./version.ts";

/** The program `clouder`, as far as the operator needs it: the credentials of its node scaling. */
export function clouderProgram(context: CommandContext): Command {
  const program = new Command(context.programName)
    .description("Prepares the credentials with which the Datalayer Operator scales nodes")
    .version(version)
    .exitOverride()
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted");
  addAzure(program.command("azure").description("credentials of Azure"), context);
  addAws(program.command("aws").description("credentials of AWS"), context);
  return program;
}

const writesValues = "write the Helm values with which the operator signs in";

function addAzure(command: Command, context: CommandContext): void {
  azure
    .configureOptions(
      command
        .command("configure")
        .description("check and store the service principal that clouder signs in with"),
    )
    .action(async (flags: azure.ConfigureFlags) =>
      (await import("./azure/configure.ts")).configure(context, flags),
    );
  azure
    .helmValuesOptions(command.command("helm-values").description(writesValues))
    .action(async (flags: azure.HelmValuesFlags) =>
      (await import("./azure/helm-values.ts")).helmValues(context, flags),
    );
}

function addAws(command: Command, context: CommandContext): void {
  aws
    .configureOptions(
      command.command("configure").description("check and store the access key that clouder signs in with"),
    )
    .action(async (flags: aws.ConfigureFlags) =>
      (await import("./aws/configure.ts")).configure(context, flags),
    );
  aws
    .helmValuesOptions(command.command("helm-values").description(writesValues))
    .action(async (flags: aws.HelmValuesFlags) =>
      (await import("./aws/helm-values.ts")).helmValues(context, flags),
    );
}
