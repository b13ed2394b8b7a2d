import { execa } from "execa";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { requiredVersion } from "../provision/go-tool.ts";
import { toolDir } from "../provision/repository.ts";
import { provideHelm } from "./helm.ts";

let helm: string;

// The first call on a machine builds it, which takes longer than a test may.
beforeAll(async () => {
  helm = await provideHelm();
});

it("provides the Helm that is pinned, which knows its own version", async () => {
  const { stdout } = await execa(helm, ["version", "--short"]);
  const goMod = await readFile(join(toolDir("helm"), "go.mod"), "utf8");
  expect(stdout).toContain(requiredVersion(goMod, "helm.sh/helm/v4"));
});
