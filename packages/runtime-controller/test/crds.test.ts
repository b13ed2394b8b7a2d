import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { testDefinitions } from "@datalayer/shared/kube/testkit/definitions";
import { describe, expect, it } from "vitest";
import { chartObjects } from "./manifests.ts";

await testDefinitions("runtime-controller", {
  "runtime-contents": "Namespaced",
  "runtime-environments": "Namespaced",
  "runtime-pools": "Namespaced",
});

it("the short names are the published ones", async () => {
  const definitions = (await chartObjects("crds")).map(
    (object) => (object as unknown as { spec: { names: { plural: string; shortNames: string[] } } }).spec,
  );
  expect(Object.fromEntries(definitions.map(({ names }) => [names.plural, names.shortNames]))).toEqual({
    "runtime-contents": ["rc", "rcs", "rtc"],
    "runtime-environments": ["re", "res", "renv", "renvs", "rte"],
    "runtime-pools": ["rp", "rps", "rpool", "rpools", "rtp"],
  });
});

describe("the generated types", () => {
  it("are those of the definitions", async () => {
    const script = new URL("../../../tools/crds/generate.ts", import.meta.url).pathname;
    await expect(promisify(execFile)(process.execPath, [script, "--check"])).resolves.toBeDefined();
  });
});
