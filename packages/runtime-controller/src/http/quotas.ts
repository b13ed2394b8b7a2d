import type { App } from "@datalayer/shared/http/app";
import { z } from "zod";
import type { ClaimQueue } from "../claim-queue/claim-queue.ts";
import type { Quota } from "../quota/quota.ts";
import { envelope, identity } from "./schemas.ts";

/** What the route of quotas reads. */
export interface QuotaRoutesOptions {
  quota: Quota;
  queue: ClaimQueue;
}

const quotaView = z.object({
  user_uid: z.string(),
  assigned: z.int().describe("Runtimes that the user has."),
  limit: z.int().nullable().describe("How many the user may have; null without a limit."),
  waiting: z.int().describe("Claims of the user that wait for a runtime on this replica."),
});

/** Adds `/users/{user_uid}/quota`. */
export function serveQuotas(app: App, prefix: string, { quota, queue }: QuotaRoutesOptions): void {
  app.get(
    `${prefix}/users/:user_uid/quota`,
    {
      schema: {
        operationId: "showQuota",
        summary: "Show how many runtimes a user has and may have",
        tags: ["runtimes"],
        params: z.object({ user_uid: identity }),
        response: { 200: z.object({ ...envelope, quota: quotaView }) },
      },
    },
    ({ params: { user_uid: userUid } }) => {
      const { assigned, limit } = quota.ofUser(userUid);
      const of = limit === Infinity ? "" : ` of ${limit}`;
      return {
        success: true as const,
        message: `User ${userUid} has ${assigned}${of} runtimes.`,
        quota: {
          user_uid: userUid,
          assigned,
          limit: limit === Infinity ? null : limit,
          waiting: queue.waitingOf(userUid),
        },
      };
    },
  );
}
