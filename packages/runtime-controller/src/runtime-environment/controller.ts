import { controller, type Controller } from "@datalayer/shared/controller/controller";
import type { Image } from "@datalayer/shared/crds/image";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { isNamedIn, selectContents } from "../runtime-content/selection.ts";
import { environmentsNaming, imageOf, type ImageSources } from "./image.ts";
import { environmentOf, poolsUsing } from "./pools-using.ts";
import { reportEnvironment } from "./report.ts";

/** What the environment controller reads. */
export interface RuntimeEnvironmentOptions {
  environments: ObjectReader<RuntimeEnvironment>;
  pools: ObjectReader<RuntimePool>;
  images: ObjectReader<Image>;
  /** With the index of `contentIndexes`. */
  contents: ObjectReader<RuntimeContent>;
  imageSources: ImageSources;
}

/** Says in the status of every environment what it is made of, who uses it, and what is wrong with it. */
export function runtimeEnvironmentController(options: RuntimeEnvironmentOptions): Controller {
  const { environments, pools, images, contents, imageSources } = options;
  return controller({
    name: "runtime-environment",
    for: RuntimeEnvironment,
    informer: environments,
    watches: [
      { informer: pools, keys: environmentOf },
      {
        informer: images,
        keys: (image) =>
          environmentsNaming(image, environments, imageSources).map(({ metadata }) => keyOf(metadata)),
      },
      { informer: contents, keys: (content) => environmentsWith(content, environments) },
    ],
    reconcile: (environment) => {
      const { metadata, spec } = environment;
      return Promise.resolve(
        reportEnvironment({
          image: imageOf(environment, imageSources),
          contents: selectContents(spec.contents ?? [], metadata.namespace, contents),
          pools: poolsUsing(metadata, pools),
        }),
      );
    },
  });
}

function environmentsWith(content: RuntimeContent, environments: ObjectReader<RuntimeEnvironment>): string[] {
  return environments
    .list(content.metadata.namespace)
    .filter(({ spec }) => isNamedIn(content, spec.contents))
    .map(({ metadata }) => keyOf(metadata));
}
