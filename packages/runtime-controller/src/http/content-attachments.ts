import { notImplemented, type Problem } from "@datalayer/shared/http/problem";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { z } from "zod";
import { isWanted, type WantedMount } from "../mount/content-mounts.ts";

const segments = /^(\/[A-Za-z0-9._-]+)+$/;
const systemFolders = /^\/(proc|sys|dev|etc|bin|sbin|lib|lib64|usr|var|run|boot|root)(\/|$)/;

/** A content and where it shall be: the Late shape of an environment's `contents`. */
export const wantedMount = z
  .object({
    uid: z
      .string()
      .regex(/^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}$/, "is not a ULID")
      .describe("The uid that the RuntimeContent declares."),
    mount: z
      .string()
      .max(512)
      .regex(segments, "is not an absolute path of letters, digits, '.', '_' and '-'")
      .refine(
        (path) => !path.split("/").some((part) => part === "." || part === ".."),
        "has '.' or '..' in it",
      )
      .refine((path) => !systemFolders.test(path), "is a folder of the system")
      .describe("Absolute path."),
    permissions: z.enum(["ro", "rw"]).optional().describe("Default: those of the content."),
  })
  .meta({ id: "ContentSelection", description: "A content and where runtimes find it." });

/** Field of a claim: what the runtime shall have mounted. */
export const contentAttachments = z
  .array(wantedMount)
  .max(32)
  .optional()
  .describe("Contents it shall have mounted; they must be among those of the environment.");

/** Why nothing can be mounted in a runtime that runs, and what can be done instead. */
export function cannotMount({ uid, mount }: WantedMount): Problem {
  const detail =
    `content ${uid} cannot be mounted at ${mount}: Kubernetes adds no volume to a running Pod. ` +
    "Name it in the contents of the environment: its warm runtimes are then replaced by some that have it";
  return notImplemented(detail);
}

/**
 * Refuses a claim whose attachments the runtimes of its environment do not have.
 * @throws Problem 501 for the first that is missing.
 */
export function requireAttachments(
  claim: { environment_name?: string; pool_name?: string; content_attachments?: WantedMount[] },
  {
    environments,
    pools,
  }: { environments: ObjectReader<RuntimeEnvironment>; pools: ObjectReader<RuntimePool> },
): void {
  const { content_attachments: wanted = [] } = claim;
  if (wanted.length === 0) return;
  const pool = pools.list().find(({ metadata }) => metadata.name === claim.pool_name);
  const name = claim.environment_name ?? pool?.spec.environment;
  const environment = environments.list().find(({ metadata }) => metadata.name === name);
  // Without one, the claim is refused for that.
  if (!environment) return;
  const { contents = [] } = environment.spec;
  const missing = wanted.find(
    (one) => !contents.some((reference) => isWanted(one, reference, reference.permissions)),
  );
  if (missing) throw cannotMount(missing);
}
