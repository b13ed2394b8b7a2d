#!/usr/bin/env node
import { Command, Option } from "commander";
import * as commands from "./cli/commands.ts";
import { addClusterOptions, defaultName, type ClusterFlags } from "./cli/options.ts";
import { interruption, Interrupted } from "./cli/signals.ts";
import { UserError } from "./errors.ts";
import { stderrProgress } from "./progress/progress.ts";
import { readSettings } from "./settings.ts";

const context: commands.CommandContext = {
  settings: readSettings(),
  progress: stderrProgress(),
  signal: interruption(),
  print: (text) => process.stdout.write(`${text}\n`),
};

const program = new Command("devcluster")
  .description("Kubernetes clusters on this machine, of real components, side by side")
  .enablePositionalOptions();

/** Loaded when needed: with the Kubernetes client it takes as long as the other commands as a whole. */
const startCommands = () => import("./cli/start-commands.ts");

const nameText = "name of the cluster";

addClusterOptions(program.command("up").description("start a cluster; it stays until `down`"))
  .option("--name <name>", nameText, defaultName)
  .action(async (flags: ClusterFlags) => (await startCommands()).up(context, flags));

program
  .command("down")
  .description("end a cluster and remove everything it made")
  .option("--name <name>", nameText, defaultName)
  .action((flags: { name: string }) => commands.down(context, flags));

program
  .command("status")
  .description("show what runs")
  .option("--name <name>", `${nameText} (default: all)`)
  .addOption(new Option("-o, --output <format>", "how").choices(["text", "json"]).default("text"))
  .action((flags: { name?: string; output: "text" | "json" }) => commands.status(context, flags));

program
  .command("env")
  .description("print shell lines by which programs find a cluster")
  .option("--name <name>", nameText, defaultName)
  .action((flags: { name: string }) => commands.env(context, flags));

program
  .command("logs")
  .description("print the log of a component")
  .argument("[component]")
  .option("--name <name>", nameText, defaultName)
  .option("-f, --follow", "go on with what is added")
  .action((component: string | undefined, flags: { name: string; follow?: boolean }) =>
    commands.logs(context, component, flags),
  );

addClusterOptions(program.command("exec").description("run a command on a cluster of its own"))
  .argument("<command...>")
  .option("--name <name>", `${nameText} (default: a random one)`)
  .passThroughOptions()
  .action(async (argv: string[], flags: ClusterFlags) => {
    process.exitCode = await (await startCommands()).exec(context, argv, flags);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Interrupted) {
    process.exitCode = error.exitCode;
  } else {
    const text =
      error instanceof UserError ? error.message : String(error instanceof Error ? error.stack : error);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
