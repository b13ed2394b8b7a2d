import type { BuildTrigger, Image } from "@datalayer/shared/crds/image";
import type { Resolved } from "../resolve/resolver.ts";
import { wish } from "./names.ts";

/** What brings the build of these inputs, by what has changed since the status was written. */
export function triggerOf(image: Image, resolved: Resolved | undefined): BuildTrigger {
  const { build, inputsHash } = image.status ?? {};
  const isSame = build?.trigger !== undefined && build.inputsHash === resolved?.inputs.hash;
  if (isSame) return build.trigger ?? "Spec";
  if (inputsHash === undefined && build === undefined) return "Created";
  return resolved ? changeOf(image, resolved) : "Spec";
}

function changeOf({ metadata, status }: Image, resolved: Resolved): BuildTrigger {
  if (status?.observedGeneration !== metadata.generation) return "Spec";
  if (isSourceNew(status, resolved)) return "Source";
  if (isBaseNew(status, resolved)) return "BaseImage";
  // What is left is a wish of a caller, or the operator itself, which builds with other images now.
  return metadata.annotations?.[wish.nonce] === undefined ? "Operator" : "Manual";
}

function isSourceNew(status: Image["status"], { tree }: Resolved): boolean {
  return status?.source?.tree !== tree;
}

function isBaseNew(status: Image["status"], { inputs }: Resolved): boolean {
  const before = new Map(status?.baseImages?.map(({ reference, digest }) => [reference, digest]));
  return inputs.bases.some(({ name, digest }) => before.get(name) !== digest);
}
