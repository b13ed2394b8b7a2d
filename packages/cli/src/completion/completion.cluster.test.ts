import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Desk } from "../../test/plane.ts";
import { type Offered, offeredByBash, offeredByFish, offeredByZsh } from "../../test/shells.ts";

const main = new URL("../plane.ts", import.meta.url).pathname;
const release = "completed";
const shells: [string, Offered][] = [
  ["bash", offeredByBash],
  ["fish", offeredByFish],
  ["zsh", offeredByZsh],
];

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.create();
  await desk.file("bin/plane", `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`, 0o755);
  expect(await desk.up(release, ["--no-wait"])).toMatchObject({ code: 0 });
  await desk.create(RuntimePool, {
    apiVersion: "datalayer.io/v1",
    kind: "RuntimePool",
    metadata: { name: "small" },
    spec: { environment: "python", size: 1 },
  });
});
afterAll(() => desk.leave());

describe.each(shells)("%s", (_, offered) => {
  it.each([
    ["plane ", ["up", "down", "ls", "status", "logs", "check", "explain", "support-bundle"]],
    ["plane st", ["status"]],
    ["plane logs --no-f", ["--no-follow"]],
    ["plane logs --level ", ["error", "warn", "info", "debug"]],
    ["plane logs -o ", ["text", "json", "yaml"]],
  ])("completes `%s` without a cluster", async (line, words) => {
    expect(await offered(desk, line)).toEqual(expect.arrayContaining(words));
  });

  it("offers nothing where nothing fits", async () => {
    expect(await offered(desk, "plane logs --fo")).toEqual([]);
  });

  it("completes names that are in the cluster", async () => {
    expect(await offered(desk, "plane status ")).toContain(release);
    expect(await offered(desk, "plane down comp")).toEqual([release]);
    const controllers = await offered(desk, "plane logs --controller r");
    expect(controllers.toSorted()).toEqual(["route-controller", "runtime-controller"]);
    expect(await offered(desk, "plane explain runtime-pool/")).toContain("runtime-pool/small");
  });
});
