import { conditionSchema } from "@datalayer/shared/http/condition";
import { z } from "zod";

/** The phases of an Image, as a caller filters by them. */
const phases = [
  "Pending",
  "Resolving",
  "Queued",
  "Building",
  "Verifying",
  "Publishing",
  "Ready",
  "BackingOff",
  "Stalled",
  "Suspended",
] as const;

/** What every success carries beside its data. */
export const envelope = {
  success: z.literal(true),
  message: z.string().describe("What happened, for people."),
};

const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "is not the name of an object");

export const listQuery = z.object({
  namespace: z.string().max(63).optional().describe("Only in this namespace; without, in every watched one."),
  phase: z.enum(phases).optional().describe("Only of this phase."),
});

export const imageParams = z.object({
  namespace: objectName.describe("Namespace of the Image."),
  name: objectName.describe("Name of the Image."),
});

export const buildQuery = z.object({
  nonce: z
    .string()
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/,
      "takes 1 to 128 letters, digits, '.', '_' or '-'",
    )
    .optional()
    .describe("A word of the caller: sent again, it brings no second build. By default a new one."),
});

export const logQuery = z.object({
  follow: z
    .enum(["0", "1", "false", "true"])
    .default("0")
    .transform((value) => value === "1" || value === "true")
    .describe("Whether to go on with what the build will say, until it ends."),
  attempt: objectName
    .optional()
    .describe("Name of its Job, as `build` and `history` have it; the newest one by default."),
});

const example = {
  namespace: "datalayer-builds",
  name: "jupyter",
  uid: "5f0c7c1e-3b0a-4a7e-9c52-0d1f2e3a4b5c",
  phase: "Building",
  ready: false,
  reason: "Building",
  image: `registry.example.com/team/jupyter@sha256:${"0123456789abcdef".repeat(4)}`,
  tags: ["latest"],
  inputs_hash: "fedcba9876543210".repeat(4),
};

const time = z.string().nullable();

const summary = {
  namespace: z.string(),
  name: z.string(),
  uid: z.string().describe("Of the object in the cluster."),
  phase: z.enum(phases).nullable().describe("What is under way; null while not known."),
  ready: z.boolean().nullable().describe("Whether the newest build is published; null while not known."),
  reason: z
    .string()
    .nullable()
    .describe("One word for programs: why it is, or is not; null while not known."),
  image: z.string().nullable().describe("The newest build that was published, by digest."),
  tags: z.array(z.string()).describe("Tags that name it."),
  inputs_hash: z.string().nullable().describe("Hash of all that the newest build is made of."),
};

/** An Image in a list. */
export const imageView = z
  .object(summary)
  .meta({ id: "Image", description: "An Image, and whether it is published.", examples: [example] });

const build = z.object({
  job: z.string().nullable().describe("Name of its Job, by which its log is found."),
  attempt: z.int().nullable().describe("Number of the attempt for these inputs."),
  inputs_hash: z.string().nullable(),
  trigger: z.string().nullable().describe("What brought it."),
  queued_at: time.describe("Since when it waits for its turn."),
  started_at: time,
  finished_at: time,
  reason: z.string().nullable().describe("One word that says how it ended, for programs."),
  message: z.string().nullable().describe("A sentence that says how it ended, for people."),
  log_tail: z.string().nullable().describe("The end of its log, without secrets."),
});

const endedBuild = z.object({
  job: z.string(),
  inputs_hash: z.string(),
  reason: z.string(),
  started_at: time,
  finished_at: time,
});

const publishedBuild = z.object({
  repository: z.string(),
  digest: z.string().nullable().describe("What consumers run; null until it was verified."),
  inputs_hash: z.string(),
  published_at: time,
  tags: z.array(z.string()).describe("Tags that were given to it."),
});

const explanation = z.object({
  source: z.string().describe("What it is built from."),
  state: z.string().describe("What happens to it now."),
  readiness: z.string().describe("Whether it is ready, and why not."),
  next: z.string().nullable().describe("When something is done next; null when nothing is by itself."),
  advice: z
    .string()
    .nullable()
    .describe("What can be done about it; null when there is nothing to do but wait."),
});

/** One Image with all that is known of it. */
export const imageDetail = z
  .object({
    ...summary,
    source_revision: z.string().nullable().describe("Commit, or hash of the archive."),
    base_images: z.array(z.object({ reference: z.string(), digest: z.string() })),
    build: build.nullable().describe("The newest build, or what it waits for."),
    history: z.array(endedBuild).describe("Builds that ended, the newest first."),
    published: z.array(publishedBuild).describe("Builds that the registry holds, the newest first."),
    size_bytes: z.int().nullable().describe("Compressed size of its layers."),
    next_attempt_at: time.describe("When a build that failed is tried again."),
    next_poll_at: time.describe("When source and base images are looked at again, at the latest."),
    conditions: z.array(conditionSchema),
    explanation: explanation.describe("The same in plain language."),
  })
  .meta({ id: "ImageDetail", description: "An Image with its builds, explained." });

export type ImageView = z.infer<typeof imageView>;
export type ImageDetail = z.infer<typeof imageDetail>;
