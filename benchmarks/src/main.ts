import { stderrProgress } from "@datalayer/devcluster/progress";
import { UserError } from "@datalayer/devcluster/errors";
import { interruption } from "@datalayer/devcluster/signals";
import { type BenchContext, benchClaims } from "./claims.ts";
import { benchImages } from "./images.ts";
import { benchInjection } from "./injection.ts";
import { type BenchOptions, OptionError, parseOptions, usage } from "./options.ts";
import { benchPools } from "./pools.ts";
import { benchRoutes } from "./routes.ts";
import { soak } from "./soak.ts";
import { benchStart } from "./start.ts";

const signal = interruption();

try {
  const options = parseOptions(process.argv.slice(2));
  const context = { options, progress: stderrProgress(), signal };
  const report = await run(options.command, context);
  process.stdout.write(`${options.json ? JSON.stringify(report) : JSON.stringify(report, null, 2)}\n`);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = error instanceof OptionError ? 2 : 1;
}

function run(command: BenchOptions["command"], context: BenchContext): Promise<Record<string, unknown>> {
  switch (command) {
    case "claims":
      return benchClaims(context);
    case "images":
      return benchImages(context);
    case "injection":
      return benchInjection(context);
    case "pools":
      return benchPools(context);
    case "routes":
      return benchRoutes(context);
    case "soak":
      return soak(context);
    case "start":
      return benchStart(context);
  }
}

function explain(error: unknown): string {
  if (error instanceof OptionError) return `${error.message}\n${usage}`;
  if (error instanceof UserError || signal.aborted) return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
