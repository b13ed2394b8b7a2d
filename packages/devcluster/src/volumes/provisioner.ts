import { mkdir, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  makeInformer,
  StorageV1Api,
  type Informer,
  type KubernetesObject,
  type ListPromise,
  type ObjectCache,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
} from "@kubernetes/client-node";
import { folderFor, isLeft, storageClassManifest, volumeFor, wantsVolume } from "./local-volume.ts";

const conflict = 409;
const watchAgainMs = 1_000;

/**
 * Gives claims of the cluster's storage class a folder of this machine each, and removes it when the claim goes. It
 * stands in for the provisioner that a cloud brings. Works until the process ends.
 */
export class LocalVolumes {
  readonly #core: CoreV1Api;
  readonly #config: KubeConfig;
  readonly #directory: string;
  #working: Promise<void> = Promise.resolve();

  /** @param directory - where the folders lie; it is there. */
  constructor(config: KubeConfig, directory: string) {
    this.#config = config;
    this.#core = config.makeApiClient(CoreV1Api);
    this.#directory = directory;
  }

  /** Makes the storage class and begins to serve it. */
  async start(): Promise<void> {
    const storage = this.#config.makeApiClient(StorageV1Api);
    await storage.createStorageClass({ body: storageClassManifest() }).catch(unlessThere);
    const core = this.#core;
    await Promise.all([
      this.#follow<V1PersistentVolumeClaim>(
        "/api/v1/persistentvolumeclaims",
        () => core.listPersistentVolumeClaimForAllNamespaces(),
        (claim) => this.#provide(claim),
      ),
      this.#follow<V1PersistentVolume>(
        "/api/v1/persistentvolumes",
        () => core.listPersistentVolume(),
        (volume) => this.#remove(volume),
      ),
    ]);
  }

  async #follow<T extends KubernetesObject>(
    path: string,
    list: ListPromise<T>,
    serve: (object: T) => Promise<void>,
  ): Promise<void> {
    const informer: Informer<T> & ObjectCache<T> = makeInformer<T>(this.#config, path, list);
    const enqueue = (object: T): void => {
      // One after the other; what fails is tried again with the next change, or when the watch begins anew.
      this.#working = this.#working.then(() => serve(object)).catch((error: unknown) => report(error));
    };
    informer.on("add", enqueue);
    informer.on("update", enqueue);
    informer.on("error", (error: unknown) => {
      report(error);
      void delay(watchAgainMs).then(() => informer.start());
    });
    await informer.start();
  }

  async #provide(claim: V1PersistentVolumeClaim): Promise<void> {
    if (!wantsVolume(claim)) return;
    const path = folderFor(claim, this.#directory);
    await mkdir(path, { recursive: true });
    await this.#core.createPersistentVolume({ body: volumeFor(claim, path) }).catch(unlessThere);
  }

  async #remove(volume: V1PersistentVolume): Promise<void> {
    const path = volume.spec?.local?.path;
    if (!isLeft(volume) || path === undefined) return;
    await rm(path, { recursive: true, force: true });
    await this.#core.deletePersistentVolume({ name: volume.metadata?.name ?? "" });
  }
}

function unlessThere(error: unknown): void {
  if (!(error instanceof ApiException && error.code === conflict)) throw error;
}

function report(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
