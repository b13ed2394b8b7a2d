import type { Image, ImageStatus } from "@datalayer/shared/crds/image";
import { wish } from "./names.ts";

/** While it is in one of these, there is a build that can be stopped: later the registry has it already. */
const stoppable: ReadonlySet<ImageStatus["phase"]> = new Set(["Queued", "Building", "BackingOff"]);

/**
 * Whether these inputs are not to be built, as somebody has said: no attempt begins, and one that runs is ended.
 *
 * It is asked only where the registry does not have them: what was pushed before the cancellation arrived is published.
 * A cancellation is of one hash. It does not touch the inputs of another source, spec or nonce, and it holds until
 * another one takes its place, or the image is to be built now.
 */
export function isCancelled({ metadata }: Pick<Image, "metadata">, inputsHash: string): boolean {
  return metadata.annotations?.[wish.cancelled] === inputsHash;
}

/** The hash of the build that can be cancelled now; undefined when there is none. */
export function cancellableHash({ status = {} }: Image): string | undefined {
  if (!stoppable.has(status.phase)) return undefined;
  return status.build?.inputsHash ?? status.inputsHash;
}
