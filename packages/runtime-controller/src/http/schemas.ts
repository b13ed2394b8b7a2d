import { z } from "zod";
import { checkVariables, variableFields } from "./claim-variables.ts";
import { isLabelValue } from "../runtime/label-value.ts";

/** The kinds of runtime a caller may ask for. */
const runtimeTypes = ["notebook", "cell", "terminal", "job"] as const;

const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "is not the name of an object");

// It becomes the value of a label, by which other services select.
export const identity = z
  .string()
  .refine(
    isLabelValue,
    "takes 1 to 63 letters, digits, '-', '_' or '.', with a letter or digit at both ends",
  );

const credits = z.number().positive().max(1_000_000_000);

/** Body of `POST /runtimes`. Fields that are not named here are ignored: published clients send more. */
export const claimBody = z
  .object({
    environment_name: objectName.optional().describe("The environment the runtime shall offer."),
    pool_name: objectName.optional().describe("The pool it shall come from."),
    type: z.enum(runtimeTypes).default("notebook").describe("What the runtime is used for."),
    given_name: z.string().max(256).optional().describe("The name the user gives it."),
    user_uid: identity.describe("Who gets it."),
    reservation_id: identity.optional().describe("The reservation of credits that pays for it."),
    credits_limit: credits
      .optional()
      .describe("Credits after which it ends; without, it does not end by credits."),
    capabilities: z
      .array(z.string().max(64))
      .max(16)
      .optional()
      .describe("What else it shall be able to do."),
    from: z.string().max(256).optional().describe("The snapshot it shall start from."),
    ...variableFields,
  })
  .superRefine(checkVariables)
  .refine((body) => body.environment_name !== undefined || body.pool_name !== undefined, {
    path: ["environment_name"],
    message: "is required unless pool_name is given",
  });

/** Body of `PUT /runtimes/{pod_name}`. */
export const updateBody = z
  .object({
    given_name: z.string().max(256).optional().describe("A new name."),
    credits_limit: credits.optional().describe("Credits after which it ends, counted from its start."),
  })
  .refine((body) => body.given_name !== undefined || body.credits_limit !== undefined, {
    message: "names nothing to change: given_name or credits_limit",
  });

export const podNameParams = z.object({
  pod_name: z.string().max(253).describe("Name of the runtime's Pod."),
});

/** A runtime that a user has. Times are epoch seconds, as text. */
export const runtimeView = z.object({
  pod_name: z.string(),
  uid: z.string().describe("The ULID in its name and URL."),
  environment_name: z.string(),
  environment_title: z.string(),
  pool_name: z.string(),
  type: z.string(),
  given_name: z.string(),
  user_uid: z.string(),
  reservation_id: z.string().nullable(),
  burning_rate: z.number().describe("Credits per second."),
  token: z.string().describe("The Jupyter token; it is valid for this runtime only."),
  ingress: z.string().describe("The URL of its Jupyter server."),
  started_at: z.string(),
  expired_at: z.string().nullable().describe("Null when credits do not end it."),
});

export type RuntimeView = z.infer<typeof runtimeView>;

/** What every success carries beside its data. */
export const envelope = { success: z.literal(true), message: z.string() };

export const poolView = z.object({
  name: z.string(),
  namespace: z.string(),
  environment_name: z.string().nullable(),
  desired: z.int(),
  available: z.int(),
  pending: z.int(),
  assigned: z.int(),
});

export const poolNameParams = z.object({ name: objectName });
export const namespaceQuery = z.object({
  namespace: z.string().max(63).optional().describe("Only in this namespace; without, in every watched one."),
});
export const sizeBody = z.object({ size: z.int().min(0).max(5000).describe("Runtimes to keep available.") });
