import type { Clock } from "@datalayer/shared/clock/clock";
import type { Controller } from "@datalayer/shared/controller/controller";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { ulid } from "ulid";
import type { Caches } from "./caches.ts";
import type { BodySeals } from "./claim/body-seals.ts";
import type { Claims } from "./claims.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import type { Home } from "./pause/home.ts";
import { homeController, type HomeTemplate } from "./pause/home-controller.ts";
import { homePodController } from "./pause/home-pod-controller.ts";
import { Homes } from "./pause/homes.ts";
import { Launcher } from "./pause/launch.ts";
import type { RuntimeTokens } from "./runtime/runtime-tokens.ts";
import type { Runtimes } from "./runtime/runtimes.ts";
import type { ImageSources } from "./runtime-environment/image.ts";
import { gatherTemplate, type TemplateSources } from "./runtime-pool/template.ts";
import { templateSourcesOf } from "./template-sources.ts";
import { Volumes } from "./volume/volumes.ts";

/** The parts that serve volumes and runtimes with a home. */
export interface RuntimeHomes {
  volumes: Volumes;
  homes: Homes;
  launcher: Launcher;
  /** What runs while this process leads. */
  controllers: Controller[];
}

/** Makes what serves volumes and runtimes with a home. */
export function createRuntimeHomes(options: {
  caches: Caches;
  claims: Claims;
  runtimes: Runtimes;
  client: RestClient;
  settings: RuntimeControllerSettings;
  tokens: RuntimeTokens;
  seals: BodySeals;
  imageSources: ImageSources;
  clock: Clock;
}): RuntimeHomes {
  const { caches, settings, imageSources, runtimes, tokens } = options;
  const { pods, volumeClaims, pools, environments } = caches;
  const { namespaces, homeBytes: sizeBytes, volumeStorageClass: storageClass, startWithinSeconds } = settings;
  const sources = templateSourcesOf(caches, settings, imageSources);
  const templateOf = (home: Home): HomeTemplate => templateOfHome(home, caches, sources);
  const obstacleOf = (home: Home): string | undefined => templateOf(home).fault?.message;
  const homes = new Homes({ ...options, volumeClaims, namespaces, obstacleOf });
  const launcher = new Launcher({
    ...options,
    homes,
    volumeClaims,
    pools,
    environments,
    order: options.claims.order,
    quota: options.claims.quota,
    newUlid: () => ulid().toLowerCase(),
    faultOf: (pool) => gatherTemplate(pool, sources).fault?.message,
    homeSpec: { sizeBytes, storageClass },
  });
  const controllers = [
    homeController({ volumeClaims, pods, runtimes, templateOf, startWithinSeconds }),
    homePodController({ volumeClaims, pods, runtimes, tokens }),
  ];
  return { volumes: new Volumes({ ...options, volumeClaims, namespaces }), homes, launcher, controllers };
}

/** A runtime resumes in the environment that it was claimed for, with what its pool says by now. */
function templateOfHome(
  { runtime: { namespace, pool: name, environment } }: Home,
  { pools }: Caches,
  sources: TemplateSources,
): HomeTemplate {
  const pool = pools.get({ namespace, name });
  if (pool) return gatherTemplate({ ...pool, spec: { ...pool.spec, environment } }, sources);
  const message = `There is no RuntimePool "${name}" in namespace ${namespace}.`;
  return { fault: { reason: "PoolNotFound", message } };
}
