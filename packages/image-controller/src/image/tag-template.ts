import type { Image } from "@datalayer/shared/crds/image";

const digits = 10;

/**
 * The tag that the template of an Image gives to a build. Undefined when it has no template, or this names the
 * revision and there is none.
 */
export function tagOfTemplate(
  { spec }: Image,
  { hash, revision }: { hash: string; revision: string | undefined },
): string | undefined {
  const template = spec.output?.tagTemplate;
  if (template === undefined) return undefined;
  if (template.includes("{revision}") && revision === undefined) return undefined;
  return template
    .replaceAll("{hash}", hash.slice(0, digits))
    .replaceAll("{revision}", (revision ?? "").slice(0, digits));
}
