import { Command } from "commander";
import {
  type ConfigureFlags,
  configureOptions,
  type HelmValuesFlags,
  helmValuesOptions,
} from "./azure/options.ts";
import type { CommandContext } from "./command/context.ts";
import { version } from "./version.ts";

/** The program `clouder`, as far as the operator needs it: the credentials of its node scaling. */
export function clouderProgram(context: CommandContext): Command {
  const program = new Command(context.programName)
    .description("Prepares the credentials with which the Datalayer Operator scales nodes")
    .version(version)
    .exitOverride()
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted");
  const azure = program.command("azure").description("credentials of Azure");
  configureOptions(
    azure
      .command("configure")
      .description("check and store the service principal that clouder signs in with"),
  ).action(async (flags: ConfigureFlags) => (await import("./azure/configure.ts")).configure(context, flags));
  helmValuesOptions(
    azure.command("helm-values").description("write the Helm values with which the operator signs in"),
  ).action(async (flags: HelmValuesFlags) =>
    (await import("./azure/helm-values.ts")).helmValues(context, flags),
  );
  return program;
}
