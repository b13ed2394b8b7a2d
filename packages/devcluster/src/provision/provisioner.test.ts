import { spawn } from "node:child_process";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { silentProgress } from "../progress/progress.ts";
import { eventually } from "../testkit/eventually.ts";
import { tempDir } from "../testkit/temp-dir.ts";
import { entryName, Provisioner } from "./provisioner.ts";
import type { ProvisionStep } from "./step.ts";

describe("a provisioner", () => {
  let cacheDir: string;
  let builds: string[];
  beforeEach(async () => {
    cacheDir = join(await tempDir(), "cache");
    builds = [];
  });

  const provisioner = (searchPath: string[] = []) =>
    new Provisioner({ cacheDir, searchPath, progress: silentProgress });

  const step = (name: string, change: Partial<ProvisionStep<"tool">> = {}): ProvisionStep<"tool"> => ({
    name,
    version: "v1.0.0",
    inputs: ["go.mod"],
    provides: { tool: "bin-tool" },
    build: async (dir) => {
      builds.push(name);
      await writeFile(join(dir, "bin-tool"), name);
    },
    ...change,
  });

  const entries = async () => (await readdir(cacheDir)).filter((name) => name !== "locks");

  it("builds a component once, and finds it afterwards", async () => {
    const first = await provisioner().provide(step("etcd"));
    const second = await provisioner().provide(step("etcd"));
    expect(second).toEqual(first);
    expect(await readFile(first.paths.tool, "utf8")).toBe("etcd");
    expect(builds).toEqual(["etcd"]);
  });

  it("builds a component once when two ask for it at the same time", async () => {
    await Promise.all([provisioner().provide(step("etcd")), provisioner().provide(step("etcd"))]);
    expect(builds).toEqual(["etcd"]);
  });

  it("builds a component again when its pin changes", async () => {
    const old = await provisioner().provide(step("etcd"));
    const changed = await provisioner().provide(step("etcd", { inputs: ["go.mod changed"] }));
    expect(changed.dir).not.toBe(old.dir);
    expect(builds).toEqual(["etcd", "etcd"]);
  });

  it("leaves nothing of a failed build, and builds only that one the next time", async () => {
    const build = async (dir: string) => {
      await writeFile(join(dir, "half"), "");
      throw new Error("no network");
    };
    await provisioner().provide(step("etcd"));
    await expect(provisioner().provide(step("kwok", { build }))).rejects.toThrow("no network");
    expect(await entries()).toEqual([entryName(step("etcd"))]);
    await provisioner().provide(step("etcd"));
    await provisioner().provide(step("kwok"));
    expect(builds).toEqual(["etcd", "kwok"]);
  });

  it("goes on after an earlier process was killed while it built", async () => {
    const module = (path: string) => JSON.stringify(join(import.meta.dirname, path));
    const program = `
      import { writeFile } from "node:fs/promises";
      import { Provisioner } from ${module("provisioner.ts")};
      import { silentProgress } from ${module("../progress/progress.ts")};
      const provisioner = new Provisioner({ cacheDir: ${JSON.stringify(cacheDir)}, searchPath: [], progress: silentProgress });
      const build = async (dir) => { await writeFile(dir + "/half", ""); await new Promise(() => setInterval(() => {}, 1e6)); };
      await provisioner.provide({ name: "etcd", version: "v1.0.0", inputs: ["go.mod"], provides: { tool: "bin-tool" }, build });`;
    const builder = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
    const partial = await eventually(async () => (await entries()).find((name) => name.includes("partial")));
    builder.kill("SIGKILL");
    expect(partial).toContain(entryName(step("etcd")));
    await provisioner().provide(step("etcd"));
    expect(await entries()).toEqual([entryName(step("etcd"))]);
  });

  it("takes what is installed when all of it is", async () => {
    const dir = await tempDir();
    const installed = { tool: ["no-such-tool", "installed-tool"] };
    const own = await provisioner([dir]).provide(step("runc", { installed }));
    expect(own.source).toBe("cache");
    await writeFile(join(dir, "installed-tool"), "#!/bin/sh\n");
    await chmod(join(dir, "installed-tool"), 0o755);
    const system = await provisioner([dir]).provide(step("runc", { installed }));
    expect(system).toEqual({
      source: "installed",
      paths: { tool: join(dir, "installed-tool") },
      dir: undefined,
    });
  });
});
