import { findCondition } from "@datalayer/shared/controller/conditions";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { z } from "zod";
import { imageOf, type ImageSources } from "../runtime-environment/image.ts";
import { poolsUsing } from "../runtime-environment/pools-using.ts";

/** What environments are shown with. */
export interface EnvironmentViewOptions {
  pools: ObjectReader<RuntimePool>;
  imageSources: ImageSources;
}

const quantities = z.object({
  cpu: z.string().optional(),
  memory: z.string().optional(),
  "ephemeral-storage": z.string().optional(),
  "nvidia.com/gpu": z.string().optional(),
});
const resources = z.object({
  requests: quantities.optional().describe("What is set aside for a runtime."),
  limits: quantities.describe("What a runtime may use at most."),
});
const proposal = z.object({ givenNameTemplate: z.string().optional() });

/** One content of an environment. */
export const contentReference = z.object({
  name: z.string().max(253).optional().describe("Name of the RuntimeContent."),
  uid: z.string().max(26).optional().describe("The uid that the RuntimeContent declares."),
  mount: z.string().max(512).describe("Absolute path at which runtimes find it."),
  permissions: z.enum(["ro", "rw"]).optional().describe("Narrows the permissions of the content."),
});

/**
 * An environment as callers see it. Published clients read the fields that an object may leave out without asking
 * whether they are there, so these are always there.
 */
export const environmentView = z
  .looseObject({
    name: z.string(),
    uid: z.string().describe("The uid of the object."),
    namespace: z.string(),
    title: z.string(),
    description: z.string().describe("Long text, in Markdown."),
    dockerImage: z
      .string()
      .nullable()
      .describe("Reference of the image that runs; null while its Image is not built."),
    language: z.string().describe("Main language of the kernel."),
    icon: z.string().nullable().describe("Slug of the icon that represents the environment."),
    example: z.string().nullable().describe("Address of an example notebook."),
    owner: z.string(),
    visibility: z.string(),
    tags: z.array(z.string()),
    burning_rate: z
      .number()
      .nullable()
      .describe("Credits per second: the lowest among its pools; null without pools."),
    resources: resources.describe("The default of resourcesRanges."),
    resourcesRanges: z.object({ default: resources }).describe("Resources that runtimes may have."),
    snippets: z
      .array(z.object({ title: z.string(), description: z.string().optional(), code: z.string() }))
      .describe("Pieces of code that users can insert."),
    contents: z.array(contentReference).describe("What runtimes find mounted."),
    kernel: proposal.describe("What new runtimes are named after."),
    runtime: proposal.describe("The same as `kernel`, where newer clients look."),
    ready: z.boolean().describe("Whether runtimes of it can be made."),
    reason: z.string().nullable().describe("Why it is not ready, for people."),
  })
  .meta({
    id: "Environment",
    description:
      "What runtimes can be made of: the spec of a RuntimeEnvironment, what its runtimes cost, and whether they can be made.",
  });

/** An environment as callers see it; what it costs is a matter of its pools. */
export function environmentViewOf(
  environment: RuntimeEnvironment,
  { pools, imageSources }: EnvironmentViewOptions,
): z.infer<typeof environmentView> {
  const { metadata, spec } = environment;
  const { kernel = {}, resourcesRanges } = spec;
  const rates = poolsUsing(metadata, pools).map((pool) => pool.spec.burningRate ?? 0);
  return {
    ...presentation,
    ...spec,
    name: metadata.name,
    uid: metadata.uid,
    namespace: metadata.namespace ?? "",
    dockerImage: imageOf(environment, imageSources).reference ?? spec.dockerImage ?? null,
    kernel,
    runtime: kernel,
    resources: resourcesRanges.default,
    burning_rate: rates.length > 0 ? Math.min(...rates) : null,
    ...readinessOf(environment),
  };
}

const presentation = {
  description: "",
  icon: null,
  example: null,
  owner: "",
  visibility: "",
  tags: [],
  snippets: [],
  contents: [],
};

/** What the status says of this very spec; one that has not been looked at yet is not ready. */
function readinessOf({ metadata, status }: RuntimeEnvironment): { ready: boolean; reason: string | null } {
  const ready = findCondition(status?.conditions ?? [], "Ready");
  if (!ready || status?.observedGeneration !== metadata.generation)
    return { ready: false, reason: "It has not been looked at yet." };
  return ready.status === "True" ? { ready: true, reason: null } : { ready: false, reason: ready.message };
}
