import { z } from "zod";

/**
 * What one assignment used, as it is stored, served by `GET /usage` and delivered. Times are epoch seconds, as
 * text. Its `id` is the Pod's uid: a record that arrives twice is known by it.
 */
export const usageRecord = z
  .object({
    id: z.string().describe("Unique and stable: a record that is delivered twice is known by it."),
    pod_name: z.string(),
    uid: z.string().describe("The ULID in the runtime's name and URL."),
    namespace: z.string(),
    environment_name: z.string(),
    pool_name: z.string(),
    type: z.string(),
    user_uid: z.string(),
    reservation_id: z.string().nullable(),
    started_at: z.string().describe("When it was assigned, in epoch seconds."),
    ended_at: z.string().describe("When it ended, in epoch seconds."),
    seconds: z.number(),
    burning_rate: z.number().describe("Credits per second."),
    credits: z.number(),
    reason: z.string().describe("Why it ended: CreditsUsedUp, Idle, Deleted, PodEnded, or another word."),
    reason_detail: z
      .string()
      .nullable()
      .describe("What the caller gave as the reason when it ended the runtime."),
  })
  .meta({ id: "UsageRecord", description: "What one runtime used, from its assignment to its end." });

/** One usage record. */
export type UsageRecord = z.infer<typeof usageRecord>;

/** A record and its place among all: the first ever has 1, and each next one is one higher. */
export interface SequencedUsage {
  sequence: number;
  record: UsageRecord;
}
