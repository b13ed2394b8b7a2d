import { type Complete, type RootCommand, script } from "@bomb.sh/tab";
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import type { CommandContext } from "../command/context.ts";
import { liveNames, type LiveNames } from "./live-names.ts";

/** Prints the script that has a shell complete the words of a program. */
export function printScript(shell: string, programName: string): void {
  script(shell, programName, programName);
}

/** Prints what the last of the words may become; shells call it. */
export async function suggest(
  context: CommandContext,
  program: Command,
  words: readonly string[],
): Promise<void> {
  const root = tab(program, { completionCommandName: "completion" });
  addNames(root, await liveNames(context, words));
  root.parse([...words]);
}

/** Arguments and options whose values are in the cluster. */
function addNames(root: RootCommand, names: LiveNames): void {
  const offer =
    (values: readonly string[]) =>
    (complete: Complete): void => {
      for (const value of values) complete(value, "");
    };
  for (const command of root.commands.values()) {
    for (const argument of command.arguments.values()) {
      if (argument.name === "release") argument.handler = offer(names.releases);
      if (argument.name === "kind/name") argument.handler = offer(names.objects);
    }
    const controller = command.options.get("controller");
    if (controller) controller.handler = offer(names.controllers);
  }
}
