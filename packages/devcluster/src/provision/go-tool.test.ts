import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { silentProgress } from "../progress/progress.ts";
import { tempDir } from "../testkit/temp-dir.ts";
import { goTool, isRecentGo, requiredVersion } from "./go-tool.ts";
import { Provisioner } from "./provisioner.ts";

async function provideEtcd(searchPath: string[]) {
  const module = "go.etcd.io/etcd/server/v3";
  const step = await goTool({ name: "etcd", tool: "etcd", module, command: module });
  const cacheDir = join(await tempDir(), "cache");
  return new Provisioner({ cacheDir, searchPath, progress: silentProgress }).provide(step);
}

describe("a tool that is built with Go", () => {
  it("says what to do when there is no Go", async () => {
    await expect(provideEtcd([])).rejects.toThrow(
      "Go is needed to build the local cluster and not installed: install it from https://go.dev/dl",
    );
  });

  it("says what to do when Go is too old", async () => {
    const dir = await tempDir();
    await writeFile(join(dir, "go"), "#!/bin/sh\necho go version go1.19.8 linux/amd64\n");
    await chmod(join(dir, "go"), 0o755);
    await expect(provideEtcd([dir])).rejects.toThrow(
      "go version go1.19.8 linux/amd64 is too old to build the local cluster: install it from https://go.dev/dl",
    );
  });

  it("has the version that its module requires", () => {
    const goMod =
      "module x\n\nrequire (\n\texample.org/other v9.0.0\n\texample.org/tool v1.2.3 // indirect\n)\n";
    expect(requiredVersion(goMod, "example.org/tool")).toBe("v1.2.3");
    expect(requiredVersion("require example.org/tool v2.0.0\n", "example.org/tool")).toBe("v2.0.0");
    expect(() => requiredVersion(goMod, "example.org/too")).toThrow(
      "go.mod does not require example.org/too",
    );
  });
});

describe("a release of Go", () => {
  it.each([
    ["go version go1.20.14 linux/amd64", false],
    ["go version go1.21.0 linux/amd64", true],
    ["go version go1.26.8 linux/amd64", true],
    ["go version go2.0 linux/amd64", true],
    ["something else", false],
  ])("%s: recent enough is %s", (output, recent) => {
    expect(isRecentGo(output)).toBe(recent);
  });
});
