import type { Context, Report } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import { type Image, imageReason } from "@datalayer/shared/crds/image";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { ControllerRevision, Pod } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { FaultError } from "../image/fault.ts";
import { parseRepository } from "../registry/reference.ts";
import type { Registries, RepositoryAccess } from "../registry/registry.ts";
import { RegistryError } from "../registry/registry-error.ts";
import { readSecrets } from "../resolve/secrets.ts";
import { planRetention } from "./plan.ts";
import { retain, type RetentionOutcome } from "./retain.ts";

/** With what retention is done. */
export interface RetentionParts {
  images: { list(): Image[] };
  registries: Registries;
  /** Used where an Image names no Secret to push with. */
  defaultPushSecret: string;
}

/** In which reconcile, and with what the registry is asked. */
export interface RetentionTurn {
  context: Context;
  access: RepositoryAccess | undefined;
}

/** Everything in the cluster that may name a build: all of it is read, and only when something is to be deleted. */
const usingKinds: readonly Kind[] = [RuntimeEnvironment, Pod, ControllerRevision];
/** What is used today may not be so later. */
const againAfterMs = 3_600_000;
/** A registry that is gone for good must not keep an Image for ever. */
const longestWaitMs = 3_600_000;
const retryAfterMs = 10_000;

/** Has builds retired at a pace that neither the registry nor the API server feels. */
export class Retention {
  readonly #parts: RetentionParts;
  /** When an Image is looked through again, on the monotonic clock, by what decides on it. */
  readonly #dueAtMs = new Map<string, number>();

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** The report of an Image that is published, without the builds that have been deleted since. */
  async apply(image: Image, report: Report<Image>, turn: RetentionTurn): Promise<Report<Image>> {
    const { status } = report;
    const { context } = turn;
    if (!status || !this.#isDue(image, status, context)) return report;
    try {
      const { dropped, refused } = await this.#retain({ ...image, status: { ...status } }, turn);
      if (refused !== undefined) warn(context, refused);
      const published = status.published?.filter((build) => !dropped.includes(build));
      return { ...report, status: { ...status, published } };
    } catch (error) {
      if (!(error instanceof RegistryError || error instanceof ApiError)) throw error;
      // What is published is so all the same: the rest is tried again later.
      context.log.warn("builds could not be retired", { error });
      return report;
    }
  }

  /** Deletes the builds of an Image that goes, where that is wanted. */
  async end(image: Image, context: Context): Promise<Outcome> {
    this.#dueAtMs.delete(image.metadata.uid);
    if (image.spec.retention?.onDelete !== "Delete") return settled();
    try {
      const access = await this.#accessOf(image, context);
      const { refused } = await this.#retain(image, { context, access });
      if (refused !== undefined) warn(context, refused);
      return settled();
    } catch (error) {
      return endAfter(error, image, context);
    }
  }

  /** Whether something may have to go, and it was not tried lately. */
  #isDue(image: Image, status: NonNullable<Report<Image>["status"]>, { clock }: Context): boolean {
    const published = { ...image, status: { ...status } };
    const candidates = planRetention({
      image: published,
      nowMs: clock.now(),
      used: new Set(),
      shared: new Set(),
    });
    if (candidates.length === 0) return false;
    const nowMs = clock.monotonicMs();
    const isNew = status.image !== image.status?.image;
    if (!isNew && nowMs < (this.#dueAtMs.get(image.metadata.uid) ?? 0)) return false;
    this.#dueAtMs.set(image.metadata.uid, nowMs + againAfterMs);
    return true;
  }

  async #retain(image: Image, { context, access }: RetentionTurn): Promise<RetentionOutcome> {
    const { images, registries } = this.#parts;
    const { kube, clock } = context;
    const others = (await Promise.all(usingKinds.map((kind) => listed(kind, kube)))).flat();
    return retain(image, {
      users: { images: images.list(), others },
      nowMs: clock.now(),
      open: (name) => registries.repository(nameOf(name), access),
    });
  }

  async #accessOf(image: Image, { kube }: Context): Promise<RepositoryAccess> {
    const { defaultPushSecret } = this.#parts;
    const host = nameOf(image.status?.published?.[0]?.repository ?? "docker.io/none").host;
    return (await readSecrets(image, { host, defaultPushSecret, kube })).registry;
  }
}

/** A registry that does not answer is waited for, and not for ever; without the Secret there is nothing to wait for. */
function endAfter(error: unknown, { metadata }: Image, context: Context): Outcome {
  if (!(error instanceof RegistryError || error instanceof FaultError)) throw error;
  const sinceMs = context.clock.now() - Date.parse(metadata.deletionTimestamp ?? "");
  if (error instanceof RegistryError && sinceMs < longestWaitMs)
    return waiting({ reason: imageReason.registryUnavailable, message: error.message, retryAfterMs });
  warn(context, error.message);
  return settled();
}

function nameOf(name: string) {
  const repository = parseRepository(name);
  if (repository) return repository;
  throw new RegistryError("invalid", `"${name}" in status.published is not the name of a repository`);
}

/** Not every cluster has all kinds. */
async function listed(kind: Kind, kube: RestClient): Promise<KubeObject[]> {
  try {
    return (await kube.list(kind)).items;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return [];
    throw error;
  }
}

function warn({ event }: Context, note: string): void {
  event({ type: "Warning", reason: "BuildsKept", note: `The registry keeps builds: ${note}` });
}
