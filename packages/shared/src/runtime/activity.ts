import { z } from "zod";

/**
 * What one replica of the runtime gateway saw of the use of a runtime. Times are lengths, so that no two clocks are
 * ever compared.
 */
export const runtimeActivitySchema = z.object({
  ulid: z.string().describe("The runtime, as in its URL."),
  pod_uid: z.string().describe("The uid of its Pod: another Pod of the same name is another runtime."),
  idle_ms: z
    .int()
    .min(0)
    .describe(
      "Milliseconds since a client last used it: sent a message of a WebSocket, or a request that succeeded. Pings, pongs and what the runtime sends are no use.",
    ),
  connections: z.int().min(0).describe("Requests under way and open WebSockets, used or not."),
});

/** What one replica of the runtime gateway answers at `GET /activity`. */
export const activityReportSchema = z.object({
  observed_ms: z
    .int()
    .min(0)
    .describe("Milliseconds for which this replica has seen clients: what it does not list had none since."),
  runtimes: z
    .array(runtimeActivitySchema)
    .describe("Those that clients used; at most one for each live Pod."),
});

/** One runtime in an {@link ActivityReport}. */
export type RuntimeActivity = z.infer<typeof runtimeActivitySchema>;
/** See {@link activityReportSchema}. */
export type ActivityReport = z.infer<typeof activityReportSchema>;

/**
 * For how long no client has used a runtime, by the reports of **all** replicas of the gateway, in milliseconds.
 * A replica that does not list it has seen no client for as long as it runs, so a new replica makes everything
 * look used, and nothing idle. Undefined without a report: then nothing is known.
 */
export function clientIdleMsOf(reports: readonly ActivityReport[], podUid: string): number | undefined {
  if (reports.length === 0) return undefined;
  return Math.min(
    ...reports.map(
      ({ observed_ms, runtimes }) =>
        runtimes.find(({ pod_uid }) => pod_uid === podUid)?.idle_ms ?? observed_ms,
    ),
  );
}
