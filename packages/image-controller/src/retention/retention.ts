import type { Context, Report } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import { type Image, imageReason } from "@datalayer/shared/crds/image";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { ControllerRevision, Pod } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { parseRepository } from "../registry/reference.ts";
import type { Registries, RepositoryAccess } from "../registry/registry.ts";
import { RegistryError } from "../registry/registry-error.ts";
import { planRetention } from "./plan.ts";
import { retain, type RetentionOutcome } from "./retain.ts";
import { sharedBuilds } from "./used-digests.ts";

/** With what retention is done. */
export interface RetentionParts {
  images: { list(): Image[] };
  registries: Registries;
}

/** Which registry is asked, and with what. */
export type Access = RepositoryAccess | undefined;

/** Everything in the cluster that may name a build: all of it is read, and only when something is to be deleted. */
const usingKinds: readonly Kind[] = [RuntimeEnvironment, Pod, ControllerRevision];
/** What is used today may not be so later. */
const againAfterMs = 3_600_000;
/** A registry that is gone for good must not keep an Image for ever. */
const longestWaitMs = 3_600_000;
const retryAfterMs = 30_000;

/** Has builds retired at a pace that neither the registry nor the API server feels. */
export class Retention {
  readonly #parts: RetentionParts;
  /** When an Image is looked through again, on the monotonic clock, by what decides on it. */
  readonly #dueAtMs = new Map<string, number>();

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** The report of an Image that is published, without the builds that have been deleted since. */
  async apply(image: Image, report: Report<Image>, context: Context, access: Access): Promise<Report<Image>> {
    const { status } = report;
    if (!status || !this.#isDue(image, status, context)) return report;
    const published = { ...image, status: { ...status } };
    try {
      const { dropped, refused } = await this.#retain(published, context, access);
      if (refused !== undefined) warn(context, refused);
      return { ...report, status: { ...status, published: status.published?.filter((one) => !dropped.includes(one)) } };
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      // What is published stays so: it is tried again later.
      context.log.warn("Builds could not be retired", { error });
      return report;
    }
  }

  /** Deletes the builds of an Image that goes, where that is wanted. */
  async end(image: Image, context: Context, access: () => Promise<Access>): Promise<Outcome> {
    this.forget(image.metadata.uid);
    if (image.spec.retention?.onDelete !== "Delete") return settled();
    try {
      const { refused } = await this.#retain(image, context, await access());
      if (refused !== undefined) warn(context, refused);
      return settled();
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const sinceMs = context.clock.now() - Date.parse(image.metadata.deletionTimestamp ?? "");
      if (sinceMs > longestWaitMs) {
        warn(context, error.message);
        return settled();
      }
      return waiting({ reason: imageReason.registryUnavailable, message: error.message, retryAfterMs });
    }
  }

  /** The Image is gone. */
  forget(uid: string): void {
    this.#dueAtMs.delete(uid);
  }

  /** Whether something may have to go, and it was not tried lately. */
  #isDue(image: Image, status: NonNullable<Report<Image>["status"]>, { clock }: Context): boolean {
    const published = { ...image, status: { ...status } };
    const observed = { used: new Set<string>(), shared: sharedBuilds(published, { images: [], others: [] }) };
    if (planRetention({ image: published, nowMs: clock.now(), ...observed }).length === 0) return false;
    const nowMs = clock.monotonicMs();
    const isNew = status.image !== image.status?.image;
    if (!isNew && nowMs < (this.#dueAtMs.get(image.metadata.uid) ?? 0)) return false;
    this.#dueAtMs.set(image.metadata.uid, nowMs + againAfterMs);
    return true;
  }

  async #retain(image: Image, { kube, clock }: Context, access: Access): Promise<RetentionOutcome> {
    const { images, registries } = this.#parts;
    const others = (await Promise.all(usingKinds.map((kind) => listed(kind, kube)))).flat();
    return retain(image, {
      users: { images: images.list(), others },
      nowMs: clock.now(),
      open: (name) => registries.repository(nameOf(name), access),
    });
  }
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
