import { join } from "node:path";
import type { Provided, ProvisionStep } from "../provision/step.ts";
import { type DebianTools, debianRelease, debianRootInputs, makeDebianRoot } from "./debian-root.ts";
import { writeOciImage } from "./oci-image.ts";

/** What the base image holds beside the smallest Debian. */
export const basePackages: readonly string[] = ["ca-certificates", "python3"];

/** The base, as other images are built on it. */
export type DebianBase = Provided<"rootfs" | "image">;

/** The step that builds the Debian base image. Provides the image and, as `rootfs`, its only layer. Needs root. */
export function debianBaseStep(tools: DebianTools): ProvisionStep<"rootfs" | "image"> {
  return {
    name: "image-debian",
    version: debianRelease,
    inputs: debianRootInputs(basePackages),
    provides: { rootfs: "rootfs.tar", image: "image" },
    build: async (dir, context) => {
      const rootfs = join(dir, "rootfs.tar");
      await makeDebianRoot(rootfs, basePackages, { ...context, ...tools });
      await writeOciImage(join(dir, "image"), { layers: [rootfs], config: { Entrypoint: ["/bin/bash"] } });
    },
  };
}
