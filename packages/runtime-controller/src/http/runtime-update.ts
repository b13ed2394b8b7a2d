import { createHash } from "node:crypto";
import { notFound, Problem, unavailable } from "@datalayer/shared/http/problem";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { z } from "zod";
import { changedExpiryOf } from "../claim/assignment.ts";
import { stillLives } from "../end-of-life/end-runtime.ts";
import { annotation } from "../runtime/names.ts";
import { addEach } from "../runtime/pod-patch.ts";
import { type AssignedRuntime, isAssigned, parseRuntime } from "../runtime/runtime.ts";
import type { updateBody } from "./schemas.ts";

/** Headers of `PUT /runtimes/{pod_name}`. */
export const updateHeaders = z.object({
  "if-match": z
    .string()
    .max(128)
    .optional()
    .describe("An ETag of this runtime: nothing is changed when its name or its end is another by now."),
});

/** Tells apart versions of what an update changes: the given name and the end by credits. */
export function etagOf({ ulid, assignment }: Pick<AssignedRuntime, "ulid" | "assignment">): string {
  const text = JSON.stringify([ulid, assignment.givenName, assignment.expiredAt ?? null]);
  return `"${createHash("sha256").update(text).digest("hex").slice(0, 16)}"`;
}

/** Holds a runtime as it is stored against an ETag, if there is one. @throws Problem 412 when it is another by now. */
export function requireMatch(runtime: AssignedRuntime, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === etagOf(runtime)) return;
  const detail = `the runtime "${runtime.name}" is no longer the one that If-Match names: read it again`;
  throw new Problem(412, { type: "precondition-failed", detail });
}

const attempts = 5;

/**
 * Renames a runtime that has a Pod, or changes its credits; with `ifMatch` only if it is still the one that this ETag
 * stands for.
 *
 * What the API server has now is changed, and only while it is that: of two changes at once neither takes back the
 * other, and more credits count from a start that is written at the same moment.
 * @throws Problem 404 when it has ended, 409 when it is ending, 412 when it is another by now, 503 when others change
 * it again and again.
 */
export async function updateRuntime(
  known: AssignedRuntime,
  { ifMatch, ...body }: z.infer<typeof updateBody> & { ifMatch?: string },
  client: RestClient,
): Promise<AssignedRuntime> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const runtime = await read(known, client);
    requireMatch(runtime, ifMatch);
    if (runtime.terminating || runtime.end) throw isEnding(known);
    const patch = [...stillLives(runtime), ...unchanged(runtime), ...changes(runtime, body)];
    try {
      return assigned(await client.patch(Pod, runtime, patch), known);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isNotFound) throw hasEnded(known);
      if (!error.isPatchRefused) throw error;
    }
  }
  const detail = `runtime "${known.name}" changed while it was being changed`;
  throw unavailable({ detail, reason: "changed", retryAfterSeconds: 1 });
}

function changes({ assignment }: AssignedRuntime, body: z.infer<typeof updateBody>): JsonPatchOperation[] {
  const expiredAt = changedExpiryOf(assignment, body.credits_limit);
  return addEach("annotations", {
    [annotation.givenName]: body.given_name,
    [annotation.expiredAt]: expiredAt?.toString(),
  });
}

function unchanged({ pod }: AssignedRuntime): JsonPatchOperation[] {
  return [annotation.givenName, annotation.startedAt, annotation.expiredAt].map((name) => ({
    op: "test",
    path: pointer("metadata", "annotations", name),
    value: pod.metadata.annotations?.[name] ?? null,
  }));
}

async function read(known: AssignedRuntime, client: RestClient): Promise<AssignedRuntime> {
  const pod = await client.get(Pod, known).catch((error: unknown) => {
    throw error instanceof ApiError && error.isNotFound ? hasEnded(known) : error;
  });
  return assigned(pod, known);
}

function assigned(pod: Pod, known: AssignedRuntime): AssignedRuntime {
  const runtime = parseRuntime(pod);
  if (!runtime || !isAssigned(runtime)) throw hasEnded(known);
  return runtime;
}

function hasEnded({ name }: AssignedRuntime): Problem {
  return notFound(`runtime "${name}" has just ended`);
}

function isEnding({ name }: AssignedRuntime): Problem {
  return new Problem(409, { type: "runtime-ending", detail: `runtime "${name}" is ending already` });
}
