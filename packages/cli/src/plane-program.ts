import { Argument, Command } from "commander";
import { type CheckFlags, checkOptions } from "./check/options.ts";
import type { CommandContext } from "./command/context.ts";
import { type DownFlags, downOptions } from "./down/options.ts";
import { type ExplainFlags, explainOptions } from "./explain/options.ts";
import { type LogsFlags, logsOptions } from "./logs/options.ts";
import { type LsFlags, lsOptions } from "./ls/options.ts";
import { type StatusFlags, statusOptions } from "./status/options.ts";
import { type BundleFlags, bundleOptions } from "./support-bundle/options.ts";
import { type UpFlags, upOptions } from "./up/options.ts";
import { version } from "./version.ts";

/** The program `plane`. Each command is loaded when it is used: help and completion answer at once. */
export function planeProgram(context: CommandContext): Command {
  const program = planeCommands(context);
  program
    .command("completion")
    .description("print the script that has a shell complete commands and names")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .action(async (shell: string) => (await import("./completion/command.ts")).printScript(shell, "plane"));
  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .action(async (words: string[]) =>
      (await import("./completion/command.ts")).suggest(context, planeCommands(context), words),
    );
  return program;
}

function planeCommands(context: CommandContext): Command {
  const program = new Command(context.programName)
    .description("Installs, inspects and removes the Datalayer Operator")
    .version(version)
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 unchanged, 124 timed out, 130 interrupted",
    );
  addChangingCommands(program, context);
  addReadingCommands(program, context);
  return program;
}

function addChangingCommands(program: Command, context: CommandContext): void {
  upOptions(
    program.command("up").description("install or upgrade a release, and wait until it is ready"),
  ).action(async (release: string, helmFlags: string[], flags: UpFlags) =>
    (await import("./up/command.ts")).up(context, release, helmFlags, flags),
  );
  downOptions(program.command("down").description("remove a release; what users made stays")).action(
    async (release: string, flags: DownFlags) =>
      (await import("./down/command.ts")).down(context, release, flags),
  );
}

function addReadingCommands(program: Command, context: CommandContext): void {
  lsOptions(program.command("ls").description("list releases")).action(async (flags: LsFlags) =>
    (await import("./ls/command.ts")).ls(context, flags),
  );
  statusOptions(program.command("status").description("show the health of a release, problems first")).action(
    async (release: string, flags: StatusFlags) =>
      (await import("./status/command.ts")).status(context, release, flags),
  );
  logsOptions(program.command("logs").description("follow what the controllers say")).action(
    async (release: string, flags: LogsFlags) =>
      (await import("./logs/command.ts")).logs(context, release, flags),
  );
  checkOptions(program.command("check").description("look for what is wrong, and say what to do")).action(
    async (release: string, helmFlags: string[], flags: CheckFlags) =>
      (await import("./check/command.ts")).check(context, release, helmFlags, flags),
  );
  explainOptions(program.command("explain").description("show one object and what it hangs on")).action(
    async (reference: string, flags: ExplainFlags) =>
      (await import("./explain/command.ts")).explain(context, reference, flags),
  );
  bundleOptions(
    program.command("support-bundle").description("collect objects and logs, without secrets"),
  ).action(async (release: string, flags: BundleFlags) =>
    (await import("./support-bundle/command.ts")).supportBundle(context, release, flags),
  );
}
