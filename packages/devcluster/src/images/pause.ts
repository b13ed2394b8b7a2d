import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProvisionStep } from "../provision/step.ts";
import { toolDir } from "../provision/repository.ts";
import { imageFormat, writeOciImage } from "./oci-image.ts";

/**
 * The step that builds the pause program and its image. In Go, since a node needs Go for its kubelet anyway: a C
 * compiler would be one more thing to install.
 */
export async function pauseStep(): Promise<ProvisionStep<"program" | "image">> {
  const cwd = toolDir(join("images", "pause"));
  const source = await readFile(join(cwd, "main.go"), "utf8");
  return {
    name: "image-pause",
    version: "1",
    inputs: [imageFormat, source],
    provides: { program: "root/pause", image: "image" },
    build: async (dir, context) => {
      const flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w"];
      const output = join(dir, "root", "pause");
      await context.run("go", ["build", ...flags, "-o", output, "."], { cwd, env: { CGO_ENABLED: "0" } });
      const layer = join(dir, "layer.tar");
      await context.run("tar", ["-C", join(dir, "root"), "--owner=0", "--group=0", "-cf", layer, "pause"]);
      await writeOciImage(join(dir, "image"), {
        layers: [layer],
        config: { Entrypoint: ["/pause"], User: "65535:65535" },
      });
    },
  };
}
