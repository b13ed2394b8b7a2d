import { imageReferenceOf } from "@datalayer/shared/config/image-reference";
import type { ImageControllerSettings } from "./config.ts";
import type { EngineSettings } from "./engines/engine.ts";
import type { InstallerImages } from "./environment/compile.ts";
import { parseReference, repositoryText } from "./registry/reference.ts";

/** The settings of builds, with the registry of the operator in the names of its images. */
export function engineSettingsOf(settings: ImageControllerSettings): EngineSettings {
  const { imagePullSecrets, packageSourcesSecret, plainHosts, allowedBases } = settings;
  const { builderImage, fetcherImage, sbomGeneratorImage } = settings;
  const named = namer(settings);
  return {
    builderImage: named(builderImage),
    fetcherImage: named(fetcherImage),
    sbomGeneratorImage: named(sbomGeneratorImage),
    imagePullSecrets,
    packageSourcesSecret,
    plainHosts,
    allowedBases,
  };
}

/** The images that environments take their installers from. */
export function installersOf(settings: ImageControllerSettings): InstallerImages {
  const named = namer(settings);
  return { micromamba: named(settings.micromambaImage), pixi: named(settings.pixiImage) };
}

/** Where the images are that builds run, or take programs from. */
export function reservedRepositories(settings: ImageControllerSettings): string[] {
  const { builderImage, fetcherImage, sbomGeneratorImage } = engineSettingsOf(settings);
  const { micromamba, pixi } = installersOf(settings);
  return [builderImage, fetcherImage, sbomGeneratorImage, micromamba, pixi].flatMap((image) => {
    const reference = parseReference(image);
    return reference ? [repositoryText(reference)] : [];
  });
}

/** Images that name the registry of the operator where none is set; without them nothing can be built. */
export function unsetImages(settings: ImageControllerSettings): string[] {
  const { builderImage, fetcherImage, dockerRegistry } = settings;
  return [builderImage, fetcherImage].filter(
    (image) => imageReferenceOf(image, dockerRegistry) === undefined,
  );
}

function namer({ dockerRegistry }: ImageControllerSettings): (image: string) => string {
  return (image) => imageReferenceOf(image, dockerRegistry) ?? image;
}
