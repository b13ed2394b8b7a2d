#!/usr/bin/env node
import { clouderProgram } from "./clouder-program.ts";
import type { CommandContext } from "./command/context.ts";
import { interruption } from "./command/interruption.ts";
import { runProgram } from "./command/run.ts";
import { processTerminal } from "./terminal/terminal.ts";

const { argv, env: environment } = process;

const context: CommandContext = {
  environment,
  terminal: processTerminal(environment),
  signal: interruption(),
  programName: "clouder",
};
process.exitCode = await runProgram(clouderProgram(context), argv.slice(2), context);
