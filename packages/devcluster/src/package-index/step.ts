import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { downloadWheels } from "../images/wheels.ts";
import { toolDir } from "../provision/repository.ts";
import type { BuildContext, ProvisionStep } from "../provision/step.ts";
import { indexPages } from "./pages.ts";

/** The step that fetches the wheels of the local package index and writes its pages: a folder to be served. */
export async function packageIndexStep(): Promise<ProvisionStep<"root">> {
  // What the Jupyter image holds, so that it can be built again, and what only environments ask for.
  const files = [join("images", "jupyter"), "package-index"].map((tool) =>
    join(toolDir(tool), "requirements.txt"),
  );
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return {
    name: "package-index",
    version: "1",
    inputs: texts,
    provides: { root: "root" },
    build: async (dir, context) => {
      const root = join(dir, "root");
      const wheels = join(root, "wheels");
      await mkdir(wheels, { recursive: true });
      for (const file of files) {
        await downloadWheels(file, wheels, context);
      }
      await writePages(root, context);
    },
  };
}

async function writePages(root: string, context: BuildContext): Promise<void> {
  context.note("writing the pages");
  const wheels = join(root, "wheels");
  const files = (await readdir(wheels)).sort();
  const indexed = files.map(async (file) => {
    const content = await readFile(join(wheels, file));
    return { file, sha256: createHash("sha256").update(content).digest("hex") };
  });
  for (const [path, html] of indexPages(await Promise.all(indexed))) {
    const file = join(root, "simple", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, html);
  }
}
