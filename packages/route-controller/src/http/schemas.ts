import { conditionSchema } from "@datalayer/shared/http/condition";
import { z } from "zod";

/** What every success carries beside its data. */
export const envelope = {
  success: z.literal(true),
  message: z.string().describe("What happened, for people."),
};

const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "is not the name of an object");

export const namespaceQuery = z.object({
  namespace: z.string().max(63).optional().describe("Only in this namespace; without, in every watched one."),
});

export const routeParams = z.object({
  namespace: objectName.describe("Namespace of the Route."),
  name: objectName.describe("Name of the Route."),
});

const example = {
  namespace: "team-a",
  name: "shop",
  uid: "5f0c7c1e-3b0a-4a7e-9c52-0d1f2e3a4b5c",
  class: "datalayer",
  hosts: ["shop.example.com"],
  url: "https://shop.example.com/",
  ready: false,
  reason: "NotProgrammed",
};

const summary = {
  namespace: z.string(),
  name: z.string(),
  uid: z.string().describe("Of the object in the cluster."),
  class: z.string().describe("Name of its RouteClass."),
  hosts: z.array(z.string()),
  url: z.string().nullable().describe("Address by its first host and path; null while not known."),
  ready: z.boolean().nullable().describe("Whether it serves requests as it says; null while not known."),
  reason: z
    .string()
    .nullable()
    .describe("One word for programs: why it is, or is not; null while not known."),
};

/** A Route in a list. */
export const routeView = z
  .object(summary)
  .meta({ id: "Route", description: "A Route, and whether it works.", examples: [example] });

const emittedObject = z.object({
  api_version: z.string(),
  kind: z.string(),
  name: z.string().describe("In the namespace of the Route."),
});

const backend = z.object({
  class: z.string(),
  objects: z.array(emittedObject).describe("What was made of the Route."),
  replicas_programmed: z
    .int()
    .nullable()
    .describe("Replicas of the data plane that serve it; null when not known."),
  replicas_total: z.int().nullable(),
  unsupported: z.array(z.object({ field: z.string(), reason: z.string() })),
});

const explanation = z.object({
  traffic: z.array(z.string()).describe("Which requests go where, a sentence for each rule."),
  access: z.string().describe("Who may come in."),
  emitted: z.array(z.string()).describe("What was made of it."),
  readiness: z.string().describe("Whether it is ready, and why not."),
  advice: z
    .string()
    .nullable()
    .describe("What can be done about it; null when there is nothing to do but wait."),
});

/** One Route with all that is known of it. */
export const routeDetail = z
  .object({
    ...summary,
    conditions: z.array(conditionSchema),
    conflicts_with: z.array(
      z.object({
        host: z.string(),
        path: z.string(),
        route: z.string().nullable().describe("Null where it lies in another namespace."),
      }),
    ),
    backends: z.array(backend),
    explanation: explanation.describe("The same in plain language."),
  })
  .meta({ id: "RouteDetail", description: "A Route with what was made of it, explained." });

export type RouteView = z.infer<typeof routeView>;
export type RouteDetail = z.infer<typeof routeDetail>;
