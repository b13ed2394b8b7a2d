#!/usr/bin/env node
import { basename } from "node:path";
import type { CommandContext } from "./command/context.ts";
import { interruption } from "./command/interruption.ts";
import { runProgram } from "./command/run.ts";
import { planeProgram } from "./plane-program.ts";
import { processTerminal } from "./terminal/terminal.ts";

const { argv, env: environment } = process;
const calledAs = basename(argv[1] ?? "");
const args = argv.slice(2);

const context: CommandContext = {
  environment,
  terminal: processTerminal(environment),
  signal: interruption(),
  programName: calledAs === "kubectl-datalayer" ? "kubectl datalayer" : "plane",
};
// What kubectl calls to complete the words of a plugin.
const isCompletion = calledAs === "kubectl_complete-datalayer";
const words = isCompletion ? ["complete", "--", ...args] : args;
process.exitCode = await runProgram(planeProgram(context), words, context);
