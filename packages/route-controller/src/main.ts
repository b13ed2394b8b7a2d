import { loadAccess } from "@datalayer/shared/kube/access";
import { runMain } from "@datalayer/shared/process/run-main";
import { settings } from "./config.ts";
import { runGateway } from "./gateway/process.ts";
import { runImport } from "./import/command.ts";
import { runProcess } from "./process.ts";
import { runVerifier } from "./verifier/process.ts";

/** Runs the controllers: what `route-controller` does without a command. */
async function runController(environment: NodeJS.ProcessEnv): Promise<void> {
  await runProcess(
    settings.parse(environment),
    loadAccess({ environment }),
    settings.nearMisses(environment),
  );
}

/** Each is a process of its own; the key is the first argument, none for the controllers. */
const commands: Readonly<Record<string, (environment: NodeJS.ProcessEnv) => Promise<void>>> = {
  "": runController,
  gateway: runGateway,
  verifier: runVerifier,
  import: async () => {
    process.exitCode = await runImport(process.argv.slice(3));
  },
};

const { argv, env } = process;
const [name = ""] = argv.slice(2);
const command = commands[name];
if (command) await runMain(() => command(env));
else {
  const known = Object.keys(commands).filter(Boolean).join(", ");
  process.stderr.write(`"${name}" is not a command of route-controller; known: ${known || "none"}\n`);
  process.exitCode = 2;
}
