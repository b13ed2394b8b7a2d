import type { App } from "@datalayer/shared/http/app";
import { notFound, notImplemented, Problem } from "@datalayer/shared/http/problem";
import { z } from "zod";
import {
  type ContentMount,
  contentMountsOf,
  isWanted,
  mountInTheWay,
  targetOf,
} from "../mount/content-mounts.ts";
import { cannotMount, wantedMount } from "./content-attachments.ts";
import { findRuntime, type RuntimeLookup } from "./find-runtime.ts";
import { envelope, podNameParams } from "./schemas.ts";

const mountView = z
  .object({
    target: z.string().describe("Names the mount in URLs: its path, with `~` between the parts."),
    mount: z.string().describe("Absolute path in the runtime."),
    uid: z.string().nullable().describe("The uid that the content declares; null when it declares none."),
    name: z.string().describe("The name of the content."),
    permissions: z.enum(["ro", "rw"]),
  })
  .meta({ id: "Mount", description: "A content in a runtime." });
const oneMount = z.object({ ...envelope, mount: mountView });
const mountParams = podNameParams.extend({
  target: z.string().max(512).describe("The `target` of the mount."),
});

/**
 * Adds `/runtimes/{pod_name}/mounts`. What a runtime has mounted was decided when its Pod was made: Kubernetes adds
 * no volume to a running Pod and takes none from it. So these routes show it, confirm it and refuse the rest.
 */
export function serveMounts(app: App, prefix: string, options: RuntimeLookup): void {
  const path = `${prefix}/runtimes/:pod_name/mounts`;
  const tags = ["runtimes"];

  app.get(
    path,
    {
      schema: {
        operationId: "listMounts",
        summary: "List the contents that a runtime has",
        tags,
        params: podNameParams,
        response: { 200: z.object({ ...envelope, mounts: z.array(mountView) }) },
        problems: [404],
      },
    },
    async ({ params }) => {
      const mounts = (await mountsOf(params.pod_name, options)).map(viewOf);
      return { success: true as const, message: `${mounts.length} mounts`, mounts };
    },
  );

  app.post(
    path,
    {
      schema: {
        operationId: "mountContent",
        summary: "Have a content in a runtime",
        description: "Succeeds when it is there already. Nothing can be mounted in a runtime that runs.",
        tags,
        params: podNameParams,
        body: wantedMount,
        response: { 200: oneMount },
        problems: [404, 409, 501],
      },
    },
    async ({ params, body }) => {
      const mounts = await mountsOf(params.pod_name, options);
      const found = mounts.find((mount) => isWanted(body, mount));
      if (found) {
        return { success: true as const, message: `It is mounted at ${found.mount}.`, mount: viewOf(found) };
      }
      const other = mountInTheWay(body.mount, mounts);
      if (!other) throw cannotMount(body);
      const detail = `another content is mounted at ${other.mount} (${other.permissions})`;
      throw new Problem(409, { type: "mount-conflict", detail });
    },
  );

  app.delete(
    `${path}/:target`,
    {
      schema: {
        operationId: "unmountContent",
        summary: "Take a content out of a runtime",
        description: "Not possible: a runtime keeps what it was made with.",
        tags,
        params: mountParams,
        response: { 200: z.object(envelope) },
        problems: [404, 501],
      },
    },
    async ({ params }): Promise<never> => {
      const mounts = await mountsOf(params.pod_name, options);
      const found = mounts.find(({ mount }) => targetOf(mount) === params.target);
      if (!found) throw notFound(`runtime "${params.pod_name}" has no mount "${params.target}"`);
      const detail =
        `${found.mount} cannot be taken out of the runtime: Kubernetes removes no volume from a running Pod. ` +
        "It goes when the runtime ends";
      throw notImplemented(detail);
    },
  );
}

/** What the Pod was made with: its environment may name others by now. */
async function mountsOf(podName: string, options: RuntimeLookup): Promise<ContentMount[]> {
  const { pod } = await findRuntime(podName, options);
  return contentMountsOf(pod);
}

function viewOf({ mount, uid, name, permissions }: ContentMount): z.infer<typeof mountView> {
  return { target: targetOf(mount), mount, uid: uid ?? null, name, permissions };
}
