import { type Replica, ReplicaBuilder, type ReplicaOptions } from "@datalayer/shared/controller/replica";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { parseBuild } from "./build/build.ts";
import { type Caches, createCaches } from "./caches.ts";
import type { ImageControllerSettings } from "./config.ts";
import { engineSettingsOf, installersOf, reservedRepositories, unsetImages } from "./engine-settings.ts";
import { buildkit } from "./engines/buildkit/engine.ts";
import { imageController } from "./image/controller.ts";
import { logController } from "./logs/controller.ts";
import { imageMetrics } from "./metrics.ts";
import { Registries } from "./registry/registry.ts";
import { Looks } from "./resolve/looks.ts";
import { Resolver } from "./resolve/resolver.ts";
import { Retention } from "./retention/retention.ts";

/** One process of the image-controller: the controllers run on the one that leads. */
export interface ImageReplica extends Replica {
  /** What it knows of the cluster. */
  readonly caches: Caches;
  /** For the REST API: its callers never queue behind builds. */
  readonly client: RestClient;
}

/** Puts a replica together; nothing runs before {@link Replica.run}. */
export function createReplica(options: ReplicaOptions<ImageControllerSettings>): ImageReplica {
  const {
    settings,
    metrics: { registry },
  } = options;
  const { namespaces, plainHosts, dockerRegistry, maxBuilds } = settings;
  const builder = new ReplicaBuilder("image-controller", options);
  const { clock } = builder;
  const client = builder.connect();
  const caches = createCaches({ ...builder.cacheOptions, namespaces });
  const metrics = imageMetrics(registry, gaugesOf(caches));
  const registries = new Registries({ plainHosts, clock, observer: metrics.registryObserver });
  const policy = {
    ...settings,
    unsetImages: unsetImages(settings),
    reservedRepositories: reservedRepositories(settings),
  };
  const [engine, engineSettings] = [buildkit, engineSettingsOf(settings)];
  const installers = installersOf(settings);
  const resolver = new Resolver({ registries, engine, engineSettings, installers, dockerRegistry });
  const looks = new Looks({ resolver, policy, defaultPushSecret: settings.pushSecret, clock });
  const controllers = [
    imageController({
      ...caches,
      ...{ registries, metrics, looks, engine, engineSettings, policy, maxBuilds, clock },
      buildSecrets: settings,
      retention: new Retention({ ...caches, registries, defaultPushSecret: settings.pushSecret }),
    }),
    logController({ ...caches, buildSecrets: settings }),
  ];
  const replica = builder.build({ caches: { ...caches }, controllers });
  return {
    ...replica,
    caches,
    client,
    close: async () => {
      await registries.close();
      await replica.close();
    },
  };
}

function gaugesOf({ images, jobs }: Caches) {
  return {
    waiting: () => images.list().filter(({ status }) => status?.phase === "Queued").length,
    running: () => jobs.list().filter((job) => parseBuild(job, [])?.state.kind === "running").length,
  };
}
