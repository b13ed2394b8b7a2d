import { notImplemented, type Problem } from "@datalayer/shared/http/problem";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { z } from "zod";
import { poolsFor } from "../claim/pool-choice.ts";
import { isWanted, type WantedMount } from "../mount/content-mounts.ts";
import { contentOf } from "../runtime-content/selection.ts";

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

/** What is known of the contents that a claim can have. */
export interface KnownContents {
  environments: ObjectReader<RuntimeEnvironment>;
  pools: ObjectReader<RuntimePool>;
  contents: ObjectReader<RuntimeContent>;
}

/**
 * Refuses a claim whose attachments its environment does not name: no runtime that is made from now on has them.
 * Whether the runtime that it gets has them is the matter of the claim itself.
 * @throws Problem 501 for the first that is missing. ClaimError `not-found` when there is no pool for the claim.
 */
export function requireAttachments(
  claim: { environment_name?: string; pool_name?: string; content_attachments?: WantedMount[] },
  { environments, pools, contents }: KnownContents,
): void {
  const { environment_name: environmentName, pool_name: pool, content_attachments: wanted = [] } = claim;
  if (wanted.length === 0) return;
  const [eligible] = poolsFor({ environment: environmentName, pool }, pools.list());
  const { namespace } = eligible?.metadata ?? {};
  const environment = environments.get({ namespace, name: eligible?.spec.environment ?? "" });
  const named = (environment?.spec.contents ?? []).map((reference) => {
    const { mount, uid, permissions } = reference;
    const content = contentOf(reference, namespace, contents)?.spec;
    return { mount, uid: uid ?? content?.uid, permissions: permissions ?? content?.permissions ?? "ro" };
  });
  const missing = wanted.find((one) => !named.some((there) => isWanted(one, there)));
  if (missing) throw cannotMount(missing);
}
