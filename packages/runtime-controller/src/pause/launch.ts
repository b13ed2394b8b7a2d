import type { Clock } from "@datalayer/shared/clock/clock";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { podNameOf, runtimeApp } from "@datalayer/shared/runtime/names";
import { assignmentOf } from "../claim/assignment.ts";
import type { BodySeals } from "../claim/body-seals.ts";
import { ClaimError, keyEnded } from "../claim/claim-error.ts";
import type { ClaimOrder } from "../claim/claim-order.ts";
import type { ClaimRequest } from "../claim/claim-request.ts";
import { claimKeyOf } from "../claim/claimer.ts";
import { poolsFor, wanted } from "../claim/pool-choice.ts";
import { label } from "../runtime/names.ts";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { createClaim, isAmbiguous } from "../volume/create-claim.ts";
import { derivedUlid } from "../runtime/derived-ulid.ts";
import { claimSpecOf, type Volume } from "../volume/volume.ts";
import { type Home, parseHome } from "./home.ts";
import { HomeError } from "./home-error.ts";
import type { Homes } from "./homes.ts";
import { homeClaimNameOf, neverRan } from "./names.ts";
import { type HomeRecord, recordOf, takePatch } from "./record.ts";
import { type SeatOptions, withSeat } from "./seat.ts";

/** What runtimes with a home are launched with. */
export interface LauncherOptions extends SeatOptions {
  client: RestClient;
  homes: Homes;
  clock: Clock;
  pools: ObjectReader<RuntimePool>;
  environments: Pick<ObjectReader<RuntimeEnvironment>, "get">;
  tokens: RuntimeTokens;
  seals: BodySeals;
  order: ClaimOrder;
  newUlid: () => string;
  /** Why a pool has nothing to make a Pod of; undefined when it has. */
  faultOf: (pool: RuntimePool) => string | undefined;
  /** Of the homes that are made for runtimes. */
  homeSpec: { sizeBytes: number; storageClass?: string };
}

/**
 * Starts runtimes with a home.
 *
 * A launch is one write: a home that wants a Pod, made for the runtime, or a volume that becomes one. The leading
 * replica creates the Pod. With an Idempotency-Key the name of the runtime follows from the key, so that of any
 * number of repeats, on whatever replica, one makes the home and the others find it.
 */
export class Launcher {
  readonly #options: LauncherOptions;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /**
   * Launches a runtime.
   * @param volume - the volume that is to be its home; without, one is made.
   * @throws ClaimError when the request cannot be met, HomeError when the volume cannot be used.
   */
  async launch(request: ClaimRequest, volume?: Volume): Promise<Home> {
    const { idempotencyKey } = request;
    const pool = this.#poolFor({
      ...request,
      namespace: volume?.claim.metadata.namespace ?? request.namespace,
    });
    if (idempotencyKey === undefined) return this.#make(request, { pool, volume });
    const key = claimKeyOf(idempotencyKey);
    const { namespace = "" } = pool.metadata;
    const ulid = derivedUlid("runtime", namespace, key);
    const known = await this.#options.homes.read(podNameOf(ulid));
    const home = known ?? (await this.#makeOnce(request, { pool, volume, key, ulid }));
    return this.#withBody(home, request);
  }

  #poolFor(request: ClaimRequest): RuntimePool {
    const { pools, faultOf } = this.#options;
    const fitting = poolsFor(request, pools.list());
    const pool = fitting.find((one) => faultOf(one) === undefined);
    if (pool) return pool;
    const faults = fitting.map((one) => faultOf(one)).join(" ");
    throw new HomeError("no-template", `no pool that ${wanted(request)} can start a runtime: ${faults}`);
  }

  #makeOnce(request: ClaimRequest, made: Made & { key: string }): Promise<Home> {
    const first = this.#options.order.first(made.key);
    if (first.kind === "ended") throw keyEnded();
    if (first.kind !== "none")
      throw new ClaimError("key-reused", "this Idempotency-Key was used for a runtime without a home");
    return this.#make(request, made);
  }

  async #make(request: ClaimRequest, { pool, volume, key, ulid }: Made): Promise<Home> {
    const { tokens, clock, seals, newUlid, environments } = this.#options;
    const { namespace = "" } = pool.metadata;
    const environment = environments.get({ namespace, name: pool.spec.environment ?? "" });
    const bodySeal = key === undefined ? undefined : await seals.seal(request.bodyHash);
    const name = podNameOf(ulid ?? newUlid());
    const runtime = {
      name,
      pool: pool.metadata.name,
      environment: pool.spec.environment ?? "",
      tokenKeyId: await tokens.currentKeyId(),
      assignment: assignmentOf(request, pool, { key, bodySeal, environment, nowMs: clock.now() }),
    };
    const record = recordOf(runtime, { state: "resuming", lastPod: neverRan });
    const { userUid } = request;
    const start = async (): Promise<Home> => {
      const claim = volume
        ? await this.#takeVolume(volume, record, name)
        : await this.#createHome(pool, record, name);
      return this.#written(claim);
    };
    const undo = (): Promise<Home> => this.#options.homes.end(name);
    return withSeat({ userUid, namespace }, { start, undo }, this.#options);
  }

  #written(claim: PersistentVolumeClaim): Home {
    this.#options.volumeClaims.recordWrite(claim);
    const home = parseHome(claim);
    if (!home)
      throw new Error(`PersistentVolumeClaim ${claim.metadata.name} is not the home that was written`);
    return home;
  }

  async #createHome(
    { metadata }: RuntimePool,
    { labels, annotations }: HomeRecord,
    name: string,
  ): Promise<PersistentVolumeClaim> {
    const { client, homeSpec } = this.#options;
    const manifest: Manifest<PersistentVolumeClaim> = {
      apiVersion: PersistentVolumeClaim.apiVersion,
      kind: PersistentVolumeClaim.kind,
      metadata: {
        name: homeClaimNameOf(name),
        namespace: metadata.namespace,
        labels: { [label.app]: runtimeApp, ...labels },
        annotations,
      },
      spec: claimSpecOf(homeSpec),
    };
    return createClaim(client, manifest);
  }

  async #takeVolume(
    { claim, uid }: Volume,
    record: HomeRecord,
    name: string,
  ): Promise<PersistentVolumeClaim> {
    const { client } = this.#options;
    const take = (): Promise<PersistentVolumeClaim> =>
      client.patch(PersistentVolumeClaim, claim.metadata, takePatch(claim, record));
    return take()
      .catch((error: unknown) => {
        if (isAmbiguous(error)) return take();
        throw error;
      })
      .catch(async (error: unknown) => {
        if (!(error instanceof ApiError && error.isPatchRefused)) throw error;
        const now = await client.get(PersistentVolumeClaim, claim.metadata);
        const home = parseHome(now);
        if (home?.runtime.name === name) return now;
        const by = home ? `is the home of runtime "${home.runtime.name}"` : "is being removed";
        throw new HomeError("volume-in-use", `volume "${uid}" ${by}`);
      });
  }

  async #withBody(home: Home, { bodyHash }: ClaimRequest): Promise<Home> {
    if (home.state === "ending") throw keyEnded();
    const { bodySeal = "" } = home.runtime.assignment;
    if (await this.#options.seals.isSealOf(bodySeal, bodyHash)) return home;
    const message = `this Idempotency-Key was used with another body, for runtime ${home.runtime.name}`;
    throw new ClaimError("key-reused", message);
  }
}

/** What a home is made of. */
interface Made {
  pool: RuntimePool;
  volume?: Volume;
  key?: string;
  ulid?: string;
}
