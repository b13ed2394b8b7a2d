import { execa } from "execa";
import { expect, it } from "vitest";
import { readDebianPins } from "../provision/debian.ts";
import { providePrometheus } from "./prometheus.ts";

it("provides Prometheus and promtool, which run and are of one version", async () => {
  const { prometheus, promtool } = await providePrometheus();
  const versions = await Promise.all([prometheus, promtool].map((program) => execa(program, ["--version"])));
  const { version = "" } = (await readDebianPins())["prometheus"] ?? {};
  for (const { stdout } of versions) expect(stdout).toContain(`version ${version.split("+")[0] ?? ""}`);
});
