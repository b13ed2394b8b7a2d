import { conditionSchema } from "@datalayer/shared/http/condition";
import { z } from "zod";
import { contentAttachments } from "./content-attachments.ts";
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
  .refine(isLabelValue, "takes 1 to 63 letters, digits, '-', '_' or '.', with a letter or digit at both ends")
  .meta({ minLength: 1, maxLength: 63, pattern: "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$" });

const credits = z.number().positive().max(1_000_000_000);

const capabilities = z.array(z.string().max(64)).max(16).optional();
const snapshot = z.string().max(256).optional();

const ulidExample = "01kaq2v8c4m3yqf3y1k1w5b7nd";

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
    size_class: z
      .string()
      .max(63)
      .optional()
      .describe("Asks for a runtime of this size, created for the claim: small, medium or large."),
    resources: z
      .object({ cpu: z.string().max(32).optional(), memory: z.string().max(32).optional() })
      .optional()
      .describe(
        "Asks for a runtime with these limits, created for the claim; within the environment's range.",
      ),
    capabilities: capabilities.describe(
      "What else it shall be able to do: `user_storage` gives it a home that outlives its Pod.",
    ),
    volume_uid: z.string().max(63).optional().describe("The volume of its user that shall be its home."),
    from: snapshot.describe("The snapshot it shall start from: answered with 501."),
    ...variableFields,
    content_attachments: contentAttachments,
  })
  .superRefine(checkVariables)
  .refine((body) => body.environment_name !== undefined || body.pool_name !== undefined, {
    path: ["environment_name"],
    message: "is required unless pool_name is given",
  })
  .meta({
    id: "Claim",
    description: "Names an environment or a pool, or both; then the pool must be one of that environment.",
    examples: [{ environment_name: "python-simple-env", user_uid: "me", credits_limit: 100 }],
  });

/** Body of `PUT /runtimes/{pod_name}`. */
export const updateBody = z
  .object({
    given_name: z.string().max(256).optional().describe("A new name."),
    credits_limit: credits.optional().describe("Credits after which it ends, counted from its start."),
    capabilities: capabilities.describe("What it can do is decided when it is claimed: answered with 501."),
    from: snapshot.describe("A snapshot to load into it: answered with 501."),
  })
  .refine((body) => Object.keys(body).length > 0, {
    message: "names nothing to change: given_name or credits_limit",
  })
  .meta({
    id: "RuntimeUpdate",
    description: "Names one field to change at least.",
    examples: [{ given_name: "Weather", credits_limit: 200 }],
  });

export const podNameParams = z.object({
  pod_name: z.string().max(253).describe("Name of the runtime's Pod."),
});

/** A runtime that a user has. Times are epoch seconds, as text. */
export const runtimeView = z
  .object({
    pod_name: z.string().describe("Name of its Pod; by this it is addressed."),
    uid: z.string().describe("The ULID in its name and URL."),
    environment_name: z.string().describe("The environment it was made of."),
    environment_title: z.string().describe("Title of the environment; its name where that is gone."),
    pool_name: z.string().describe("The pool it came from."),
    type: z.string().describe("What it is used for, as the claim said."),
    given_name: z.string().describe("The name the user gave it."),
    user_uid: z.string().describe("Who has it."),
    reservation_id: z.string().nullable().describe("The reservation of credits that pays for it."),
    burning_rate: z.number().describe("Credits per second."),
    token: z
      .string()
      .nullable()
      .describe("The Jupyter token; it is valid for this runtime only. Null when its key is lost."),
    ingress: z.string().describe("The URL of its Jupyter server."),
    state: z
      .enum(["assigned", "pending", "starting", "paused", "ending"])
      .describe(
        "`pending` while one that was created for its claim does not serve yet; `starting` and `paused` are those with a home that have no Pod yet, or none for now.",
      ),
    state_detail: z
      .string()
      .nullable()
      .describe(
        "What a `pending` one waits for, or why the operator paused a `paused` one, for people; null when that is not known.",
      ),
    started_at: z.string().describe("When it was assigned or resumed, in epoch seconds."),
    expired_at: z
      .string()
      .nullable()
      .describe("When its credits end it, in epoch seconds; null when they do not."),
    last_activity_at: z
      .string()
      .nullable()
      .describe(
        "When it was last in use, in epoch seconds, ten minutes behind at most; null when not known.",
      ),
    node_draining_since: z
      .string()
      .nullable()
      .describe("Since when its node goes, in epoch seconds; null while that stays."),
    node_drain_ends_at: z
      .string()
      .nullable()
      .describe("When it is ended because its node goes, in epoch seconds; null when it is not."),
  })
  .meta({
    id: "Runtime",
    description: "A runtime that a user has.",
    examples: [
      {
        pod_name: `runtime-${ulidExample}`,
        uid: ulidExample,
        environment_name: "python-simple-env",
        environment_title: "Simple Python",
        pool_name: "python-simple-pool",
        type: "notebook",
        given_name: "notebook 2026-11-22T16:20",
        user_uid: "me",
        reservation_id: null,
        burning_rate: 0.01,
        token: "…",
        ingress: `https://r1.example/jupyter/server/python-simple-pool/${ulidExample}`,
        state: "assigned",
        state_detail: null,
        started_at: "1795364400",
        expired_at: "1795374400",
        last_activity_at: null,
        node_draining_since: null,
        node_drain_ends_at: null,
      },
    ],
  });

export type RuntimeView = z.infer<typeof runtimeView>;

/** What every success carries beside its data. */
export const envelope = {
  success: z.literal(true),
  message: z.string().describe("What happened, for people."),
};

/** The answer with one runtime. */
export const oneRuntime = z.object({ ...envelope, runtime: runtimeView });

export const poolView = z
  .object({
    name: z.string(),
    namespace: z.string(),
    environment_name: z.string().nullable().describe("Null where the pool names none."),
    desired: z.int().describe("Runtimes to keep available."),
    available: z.int().describe("Runtimes that wait for a user."),
    pending: z.int().describe("Runtimes that are being made ready."),
    assigned: z.int().describe("Runtimes that users have; they do not count into the size."),
    conditions: z.array(conditionSchema).describe("What hinders it, as `kubectl describe` shows it."),
  })
  .meta({
    id: "Pool",
    description: "A pool and its counts.",
    examples: [
      {
        name: "python-simple-pool",
        namespace: "datalayer-runtimes",
        environment_name: "python-simple-env",
        desired: 3,
        available: 2,
        pending: 1,
        assigned: 4,
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "Available",
            message: "Runtimes are available to be assigned.",
            since: "2026-11-22T16:20:00Z",
          },
        ],
      },
    ],
  });

export const poolNameParams = z.object({ name: objectName.describe("Name of the pool.") });
/** Namespace and name: unique, and in the order in which kubectl lists. */
export function keyOf({ metadata }: { metadata: { namespace?: string; name: string } }): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

export const namespaceQuery = z.object({
  namespace: z.string().max(63).optional().describe("Only in this namespace; without, in every watched one."),
});
export const sizeBody = z
  .object({ size: z.int().min(0).max(5000).describe("Runtimes to keep available.") })
  .meta({ id: "PoolSize", description: "A new size.", examples: [{ size: 5 }] });
