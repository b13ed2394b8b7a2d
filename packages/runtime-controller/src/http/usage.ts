import type { App } from "@datalayer/shared/http/app";
import { Problem } from "@datalayer/shared/http/problem";
import { z } from "zod";
import type { UsageLedger } from "../end-of-life/usage-ledger.ts";
import { usageRecord } from "../end-of-life/usage-record.ts";
import { envelope } from "./schemas.ts";

/** What the routes of usage read. */
export interface UsageRoutesOptions {
  ledger: Pick<UsageLedger, "page" | "oldest">;
}

const usageQuery = z.object({
  since: z.coerce
    .number()
    .min(0)
    .optional()
    .describe("Only what ended at or after this time, in epoch seconds."),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe("Records to answer at most."),
  continue: z
    .string()
    .regex(/^\d{1,15}$/, "is not a token of this API")
    .optional()
    .describe("The token of an earlier answer: what was recorded after it."),
  user_uid: z.string().max(63).optional().describe("Only that of this user."),
  reservation_id: z.string().max(63).optional().describe("Only that of this reservation."),
});

const usageAnswer = z.object({
  ...envelope,
  usage: z.array(usageRecord),
  continue: z.string().describe("Send it to get what is recorded after this answer, now or later."),
  more: z.boolean().describe("There are more records already."),
});

type UsageQuery = z.infer<typeof usageQuery>;

/** Adds `/usage`. */
export function serveUsage(app: App, prefix: string, { ledger }: UsageRoutesOptions): void {
  app.get(
    `${prefix}/usage`,
    {
      schema: {
        operationId: "listUsage",
        summary: "List what ended runtimes used",
        tags: ["usage"],
        querystring: usageQuery,
        response: { 200: usageAnswer },
        problems: [410],
      },
    },
    ({ query }) => {
      const after = Number(query.continue ?? 0);
      const oldest = ledger.oldest ?? 1;
      if (query.continue !== undefined && after > 0 && after < oldest - 1) throw dropped(after, oldest);
      const { records, more, last } = ledger.page(after, { limit: query.limit, where: filterOf(query) });
      const usage = records.map(({ record }) => record);
      return {
        success: true as const,
        message: `${usage.length} records`,
        usage,
        continue: String(last),
        more,
      };
    },
  );
}

function filterOf({ since = 0, user_uid, reservation_id }: UsageQuery) {
  return (record: z.infer<typeof usageRecord>): boolean =>
    Number(record.ended_at) >= since &&
    (user_uid === undefined || record.user_uid === user_uid) &&
    (reservation_id === undefined || record.reservation_id === reservation_id);
}

function dropped(after: number, oldest: number): Problem {
  return new Problem(410, {
    type: "usage-dropped",
    detail: `${oldest - 1 - after} records after the token "${after}" are not kept any more; continue with "${oldest - 1}"`,
    extensions: { continue: String(oldest - 1) },
  });
}
