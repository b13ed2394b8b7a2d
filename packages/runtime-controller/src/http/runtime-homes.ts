import { notFound, notImplemented } from "@datalayer/shared/http/problem";
import type { z } from "zod";
import { changedExpiryOf } from "../claim/assignment.ts";
import { ClaimError } from "../claim/claim-error.ts";
import type { ClaimRequest } from "../claim/claim-request.ts";
import type { Injector } from "../claim-secret/injector.ts";
import type { Starts } from "../cold-start/starts.ts";
import { deleted } from "../end-of-life/usage.ts";
import { awaitPod, type AwaitPodOptions } from "../pause/await-pod.ts";
import type { Home } from "../pause/home.ts";
import type { Homes } from "../pause/homes.ts";
import type { Launcher } from "../pause/launch.ts";
import { type AssignedRuntime, type Assignment, isAssigned } from "../runtime/runtime.ts";
import type { Volume } from "../volume/volume.ts";
import type { Volumes } from "../volume/volumes.ts";
import { claimProblem } from "./claim-problem.ts";
import { variablesOf } from "./claim-variables.ts";
import { homeProblem } from "./home-problem.ts";
import { requireMatch } from "./runtime-update.ts";
import type { claimBody, updateBody } from "./schemas.ts";

/** What claims of runtimes with a home are served with. */
export interface LaunchOptions extends AwaitPodOptions {
  launcher: Launcher;
  homes: Homes;
  volumes: Volumes;
  injector: Injector;
  starts: Starts;
}

type ClaimBody = z.infer<typeof claimBody>;

const podWithinMs = 5_000;
const userStorage = "user_storage";
const sizeFields = ["size_class", "resources"] as const;

/** Whether a claim asks for a home. @throws Problem 501 when it asks for something that there is not. */
export function wantsHome({ capabilities = [], volume_uid: volumeUid, ...body }: ClaimBody): boolean {
  const unknown = capabilities.find((one) => one !== userStorage);
  if (unknown !== undefined) {
    const detail = `capabilities is not supported yet with "${unknown}"; leave it out, or ask for "${userStorage}"`;
    throw notImplemented(detail);
  }
  if (capabilities.length === 0 && volumeUid === undefined) return false;
  const size = sizeFields.find((field) => body[field] !== undefined);
  if (size === undefined) return true;
  const home = volumeUid === undefined ? `the capability "${userStorage}"` : "volume_uid";
  throw notImplemented(`${size} is not supported yet together with ${home}; the pool says how large it is`);
}

/** A runtime with a home that was claimed. */
export interface Launched {
  home: Home;
  /** Its Pod, which serves if the caller waited for that long enough; undefined while there is none. */
  runtime: AssignedRuntime | undefined;
}

/**
 * Starts a runtime with the home that the claim asks for, brings the variables of the claim into it, and waits for it
 * to serve where the caller prefers that. What was started for nobody is ended: a caller without an Idempotency-Key
 * cannot ask for it again.
 * @throws Problem
 */
export async function launchHome(
  request: ClaimRequest,
  body: ClaimBody,
  options: LaunchOptions,
): Promise<Launched> {
  const { launcher, homes } = options;
  const volume = await volumeOf(body, options);
  const home = await launcher.launch(request, volume).catch((error: unknown) => {
    throw homeProblem(error);
  });
  try {
    await bringVariables(home, body, options);
    return { home, runtime: await startedPod(home, request, options) };
  } catch (error) {
    if (request.idempotencyKey === undefined) await homes.end(home.runtime.name);
    throw claimProblem(error);
  }
}

async function volumeOf(
  { volume_uid: uid, user_uid: userUid }: ClaimBody,
  { volumes }: LaunchOptions,
): Promise<Volume | undefined> {
  if (uid === undefined) return undefined;
  const volume = await volumes.find(uid, userUid);
  if (!volume) throw notFound(`no volume "${uid}" belongs to "${userUid}"`);
  return volume;
}

/** They are for the first Pod alone; a repeat of the claim finds it, another one, or none while it is paused. */
async function bringVariables(home: Home, body: ClaimBody, options: LaunchOptions): Promise<void> {
  const variables = variablesOf(body);
  if (variables.size === 0 || home.state === "paused") return;
  const runtime = await awaitPod(home, options, podWithinMs);
  if (!runtime)
    throw new ClaimError("unavailable", `the Pod of ${home.runtime.name} is not created yet`, {
      retryAfterMs: 1_000,
    });
  if (runtime.assignment.bringsSecret) await options.injector.inject(runtime, variables);
}

async function startedPod(
  home: Home,
  { waitMs = 0, signal = new AbortController().signal }: ClaimRequest,
  options: LaunchOptions,
): Promise<AssignedRuntime | undefined> {
  if (home.state === "paused") return undefined;
  const { starts, clock } = options;
  const endMs = clock.monotonicMs() + waitMs;
  const pod = await awaitPod(home, options, waitMs);
  if (!pod) refuseFailed(options.homes.find(home.runtime.name));
  const latest = pod && (await starts.wait(pod, Math.max(0, endMs - clock.monotonicMs()), signal));
  return latest && isAssigned(latest) ? latest : undefined;
}

/** @throws ClaimError `start-failed` for a runtime whose Pod could not be made in time. */
function refuseFailed(home: Home | undefined): void {
  if (home?.state !== "paused" || home.pausedBecause === undefined) return;
  const message = `runtime ${home.runtime.name} has not started: ${home.pausedBecause}`;
  throw new ClaimError("start-failed", message, { retryAfterMs: 30_000 });
}

/** Renames a paused runtime, or changes its credits; with `ifMatch` as for one with a Pod. @throws Problem */
export async function updateHome(
  { runtime }: Home,
  {
    given_name: givenName,
    credits_limit: creditsLimit,
    ifMatch,
  }: z.infer<typeof updateBody> & { ifMatch?: string },
  { homes }: Pick<LaunchOptions, "homes">,
): Promise<Home> {
  const change = ({ runtime: stored }: Home): Partial<Assignment> => {
    requireMatch(stored, ifMatch);
    const { assignment } = stored;
    return {
      givenName: givenName ?? assignment.givenName,
      expiredAt: changedExpiryOf(assignment, creditsLimit) ?? assignment.expiredAt,
    };
  };
  return homes.update(runtime.name, change).catch((error: unknown) => {
    throw homeProblem(error);
  });
}

/** Ends a runtime with a home, for this reason in the caller's words; one that is ending ends. @throws Problem */
export async function endHome(
  podName: string,
  detail: string | undefined,
  { homes }: Pick<LaunchOptions, "homes">,
): Promise<{ success: true; message: string }> {
  const end = detail === undefined ? undefined : { reason: deleted, detail };
  await homes.end(podName, { end }).catch((error: unknown) => {
    throw homeProblem(error);
  });
  return { success: true, message: `Runtime ${podName} ends.` };
}
