import type { App } from "@datalayer/shared/http/app";
import { notImplemented, Problem } from "@datalayer/shared/http/problem";
import { z } from "zod";
import type { Home } from "../pause/home.ts";
import { homeAnnotation } from "../pause/names.ts";
import { isAssigned } from "../runtime/runtime.ts";
import { type SeatOptions, withSeat } from "../pause/seat.ts";
import { findRuntime, type RuntimeLookup } from "./find-runtime.ts";
import { homeProblem } from "./home-problem.ts";
import { envelope, oneRuntime, podNameParams } from "./schemas.ts";
import type { HomeLookup } from "./shown-homes.ts";
import { homeViewOf, type RuntimeViewOptions, viewOf } from "./views.ts";

/** What the routes of pausing work with. */
export interface PauseRoutesOptions extends RuntimeViewOptions, RuntimeLookup, HomeLookup, SeatOptions {}

const pauseBody = z
  .object({ checkpoint: z.unknown().describe("Memory is not kept: answered with 501.") })
  .partial()
  .nullish()
  .meta({ id: "Pause", description: "Empty.", examples: [{}] });
const resumeBody = z
  .object({ checkpoint_id: z.unknown().describe("Memory is not kept: answered with 501.") })
  .partial()
  .nullish()
  .meta({ id: "Resume", description: "Empty.", examples: [{}] });

/** Adds pausing and resuming below `/runtimes/{pod_name}`. */
export function servePause(app: App, prefix: string, options: PauseRoutesOptions): void {
  const { homes } = options;
  const tags = ["runtimes"];

  app.post(
    `${prefix}/runtimes/:pod_name/pause`,
    {
      schema: {
        operationId: "pauseRuntime",
        summary: "Pause a runtime that has a home",
        description: "Its Pod goes; its files, URL, token, reservation and what is left of its credits stay.",
        tags,
        params: podNameParams,
        body: pauseBody,
        response: { 202: oneRuntime },
        problems: [409, 501],
      },
    },
    async ({ params, body }, reply) => {
      refuseCheckpoints(body?.checkpoint, "checkpoint");
      const home = await grant(params.pod_name, () => homes.pause(params.pod_name), options);
      reply.code(202);
      return answer(`Runtime ${params.pod_name} is paused.`, home, options);
    },
  );

  app.post(
    `${prefix}/runtimes/:pod_name/resume`,
    {
      schema: {
        operationId: "resumeRuntime",
        summary: "Resume a paused runtime",
        description: "It starts anew with its files, behind the same URL and with the same token.",
        tags,
        params: podNameParams,
        body: resumeBody,
        response: { 202: oneRuntime },
        problems: [403, 409, 501],
      },
    },
    async ({ params, body }, reply) => {
      refuseCheckpoints(body?.checkpoint_id, "checkpoint_id");
      const home = await grant(params.pod_name, () => resume(params.pod_name, options), options);
      reply.code(202);
      return answer(`Runtime ${params.pod_name} resumes.`, home, options);
    },
  );

  app.delete(
    `${prefix}/runtimes/:pod_name/paused`,
    {
      schema: {
        operationId: "endPausedRuntime",
        summary: "End a paused runtime",
        description: "The home that was made for it goes with its files; a volume is kept and becomes free.",
        tags,
        params: podNameParams,
        response: { 200: z.object(envelope) },
        problems: [409],
      },
    },
    async ({ params }) => {
      const { pod_name: name } = params;
      await grant(name, () => homes.end(name, { onlyPaused: true }), options);
      return { success: true as const, message: `Runtime ${name} ends.` };
    },
  );
}

/** Adds what is listed for checkpoints of memory: there are none yet. */
export function serveCheckpoints(app: App, prefix: string): void {
  const paths = ["", "/:runtime", "/:runtime/:id"];
  for (const path of paths) {
    for (const method of ["GET", "DELETE"] as const) {
      app.route({
        method,
        url: `${prefix}/runtime-checkpoints${path}`,
        schema: { hide: true },
        handler: () => refuseCheckpoints(path, "runtime-checkpoints"),
      });
    }
  }
}

function refuseCheckpoints(asked: unknown, name: string): void {
  if (asked === undefined || asked === false || asked === null) return;
  const detail = `${name} is not supported yet: a paused runtime keeps its files and not its memory`;
  throw notImplemented(detail);
}

/** Does what is asked of a runtime with a home, or says why it is not one. */
async function grant(podName: string, wish: () => Promise<Home>, options: PauseRoutesOptions): Promise<Home> {
  const { homes } = options;
  if (!(await homes.read(podName))) {
    const runtime = await findRuntime(podName, options);
    if (runtime.pod.metadata.annotations?.[homeAnnotation.claim] === undefined) throw notPausable(podName);
  }
  return wish().catch((error: unknown) => {
    throw homeProblem(error);
  });
}

async function resume(podName: string, options: PauseRoutesOptions): Promise<Home> {
  const { homes } = options;
  const home = await homes.read(podName);
  if (home?.state !== "paused") return homes.resume(podName);
  const { namespace, assignment } = home.runtime;
  const start = (): Promise<Home> => homes.resume(podName);
  const undo = (): Promise<Home> => homes.pause(podName);
  return withSeat({ userUid: assignment.userUid, namespace }, { start, undo }, options);
}

function notPausable(podName: string): Problem {
  const detail =
    `runtime "${podName}" has no home, so its files would be lost; claim one with ` +
    `capabilities ["user_storage"] or with a volume_uid to be able to pause it`;
  return new Problem(409, { type: "not-pausable", detail });
}

async function answer(
  message: string,
  home: Home,
  options: PauseRoutesOptions,
): Promise<z.infer<typeof oneRuntime>> {
  const pod = options.runtimes.find(home.runtime.name);
  const isThere = home.state === "assigned" && pod?.uid === home.lastPod && isAssigned(pod);
  const runtime = isThere ? await viewOf(pod, options) : await homeViewOf(home, options);
  return { success: true, message, runtime };
}
