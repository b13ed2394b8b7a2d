import type { BuildTrigger, Image } from "@datalayer/shared/crds/image";
import type { Build } from "../build/build.ts";
import type { Holding } from "../published/holding.ts";
import type { Look } from "../resolve/looks.ts";

/** What is known of an Image when it is decided what to do. */
export interface ImageObservation {
  image: Image;
  look: Look;
  /** A tag that an older Image has. */
  conflict: { tag: string; owner: string } | undefined;
  /** Its Jobs, the newest first. */
  builds: readonly Build[];
  /** Names and UIDs of the ConfigMaps that its Jobs read, or were to read. */
  inputs: readonly { name: string; uid: string }[];
  /** What the registry has of the build that is looked for; undefined while it was not asked. */
  holding: Holding | undefined;
  /** What brings its next build. */
  trigger: BuildTrigger;
  /** Whether there is a place for one more build, and it is its turn. */
  isNext: boolean;
}
