import type { Caches } from "./caches.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import { imageReferenceOf } from "@datalayer/shared/config/image-reference";
import type { ImageSources } from "./runtime-environment/image.ts";
import type { TemplateSources } from "./runtime-pool/template.ts";

/** Where what runtime Pods are made of comes from, whoever creates them. */
export function templateSourcesOf(
  { environments, contents }: Caches,
  settings: RuntimeControllerSettings,
  imageSources: ImageSources,
): TemplateSources {
  return {
    environments,
    contents,
    imageSources,
    podSettings: {
      serviceAccount: settings.runtimesServiceAccount,
      imagePullSecrets: settings.imagePullSecrets,
    },
    contentSettings: {
      gitImage:
        imageReferenceOf(settings.gitContentImage, settings.dockerRegistry) ?? settings.gitContentImage,
      sharedClaim: settings.sharedClaim,
    },
  };
}
