import { type App, createApp } from "@datalayer/shared/http/app";
import type { ApiKeys } from "@datalayer/shared/http/api-key";
import type { Health } from "@datalayer/shared/http/health";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { Logger } from "@datalayer/shared/log/logger";
import { activityReportSchema } from "@datalayer/shared/runtime/activity";
import type { Registry } from "prom-client";
import { z } from "zod";
import type { RuntimeLinks } from "./runtime-links.ts";

/** What the internal API of the gateway is made of. */
export interface ActivityApiOptions {
  links: RuntimeLinks;
  /** When this process began to see clients, by {@link ActivityApiOptions.clock}. */
  startedMs: number;
  clock: Clock;
  version: string;
  log: Logger;
  registry: Registry;
  apiKeys: ApiKeys;
  health: Health;
}

const prefix = "/api/operator";

const answerSchema = z.object({
  success: z.literal(true),
  message: z.string(),
  ...activityReportSchema.shape,
});

/** Makes the internal API: what this replica saw of the use of runtimes. */
export async function createActivityApi(options: ActivityApiOptions): Promise<App> {
  const { links, startedMs, clock, ...common } = options;
  const app = await createApp({
    name: "runtime-gateway",
    description: "Says when runtimes were used last. Internal: the runtime-controller asks every replica.",
    tags: { activity: "The use of runtimes." },
    prefix,
    ...common,
  });
  app.get(
    `${prefix}/v1/activity`,
    {
      schema: {
        operationId: "getActivity",
        summary: "Show when runtimes were used last",
        description:
          "What this replica saw. Whoever wants to know whether a runtime is idle asks all of them.",
        tags: ["activity"],
        response: { 200: answerSchema },
      },
    },
    () => {
      const runtimes = [...links.all()].flatMap(({ activity }) => activity ?? []);
      return {
        success: true as const,
        message: `${runtimes.length} runtimes were used`,
        observed_ms: Math.round(clock.monotonicMs() - startedMs),
        runtimes,
      };
    },
  );
  return app;
}
