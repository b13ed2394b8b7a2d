import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeOciImage } from "../images/oci-image.ts";
import { tempDir } from "../testkit/temp-dir.ts";
import { keepRepository, keptRepository, restoreRepository } from "./kept.ts";
import { seedRegistry } from "./seed.ts";

const name = "team/jupyter";

/** A cluster whose registry has an image under this name. */
async function clusterWith(repository: string): Promise<{ directory: string; storage: string }> {
  const directory = await tempDir();
  const [storage, layer, dir] = ["registry/storage", "layer.tar", "image"].map((path) =>
    join(directory, path),
  ) as [string, string, string];
  await writeFile(layer, `a layer of ${repository}`);
  await writeOciImage(dir, { layers: [layer], config: { Entrypoint: ["/a"] } });
  await seedRegistry(storage, { repository, tag: "h-1", dir });
  return { directory, storage };
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length))
    .sort();
}

describe("a kept repository", () => {
  it("is in the storage of a later registry as it was, without a copy of its content", async () => {
    const cacheDir = await tempDir();
    const { directory, storage } = await clusterWith(name);
    await keepRepository({ directory }, name, { cacheDir });
    const later = await tempDir();
    await restoreRepository(later, keptRepository(name, { cacheDir }));
    expect(await filesIn(later)).toEqual(await filesIn(storage));
    for (const path of await filesIn(storage)) {
      const [was, is] = [join(storage, path), join(later, path)];
      if (path.endsWith("/link")) expect(await readFile(is, "utf8")).toBe(await readFile(was, "utf8"));
      else expect((await stat(is)).ino).toBe((await stat(was)).ino);
    }
  });

  it("has nothing of other repositories, and nothing of what it was before", async () => {
    const cacheDir = await tempDir();
    const { directory, storage } = await clusterWith("team/other");
    await keepRepository({ directory }, "team/other", { cacheDir });
    const fresh = await clusterWith(name);
    await restoreRepository(storage, keptRepository(name, { cacheDir }));
    await keepRepository(fresh, name, { cacheDir });
    await keepRepository(fresh, name, { cacheDir });
    const kept = await filesIn(keptRepository(name, { cacheDir }).dir);
    expect(kept).toEqual(await filesIn(fresh.storage));
    expect((await readdir(cacheDir)).filter((file) => file.includes("partial"))).toEqual([]);
  });

  it("is empty until something was kept", async () => {
    const storage = await tempDir();
    await restoreRepository(storage, keptRepository(name, { cacheDir: await tempDir() }));
    expect(await filesIn(storage)).toEqual([]);
  });
});
