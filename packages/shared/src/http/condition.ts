import { z } from "zod";
import type { Condition } from "../crds/conditions.ts";

/** A condition of an object, as answers have it. */
export const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string(),
  message: z.string(),
  since: z.string().describe("When the status last changed (RFC 3339)."),
});

/** Puts a condition in the form of {@link conditionSchema}. */
export function conditionView(condition: Condition): z.infer<typeof conditionSchema> {
  const { type, status, reason, message, lastTransitionTime } = condition;
  return { type, status, reason, message, since: lastTransitionTime };
}
