import { appendFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { tempDir } from "../testkit/temp-dir.ts";
import { ClusterState, type ComponentRecord } from "./state.ts";

describe("the folder of a cluster", () => {
  let state: ClusterState;
  beforeEach(async () => {
    state = new ClusterState(join(await tempDir(), "c"));
  });

  const record = (name: string, startedAt: number): ComponentRecord => ({
    name,
    process: { pid: 1, startTicks: 1 },
    instance: "i",
    logPath: "/log",
    graceful: true,
    startedAt,
  });

  it("gives components in the order of their start", async () => {
    await state.recordComponent(record("b", 2));
    await state.recordComponent(record("a", 3));
    await state.recordComponent(record("c", 1));
    expect((await state.readComponents()).map(({ name }) => name)).toEqual(["c", "b", "a"]);
  });

  it("gives what is to be undone latest first, without a line cut short by a kill", async () => {
    await state.recordUndo({ kind: "link", name: "a" });
    await state.recordUndo({ kind: "link", name: "b" });
    await appendFile(state.path("undo.jsonl"), '{"kind":"lin');
    expect(await state.readUndos()).toEqual([
      { kind: "link", name: "b" },
      { kind: "link", name: "a" },
    ]);
  });

  it("keeps files and folders from other users", async () => {
    await state.makeDir("credentials");
    await state.writeFile("credentials/x", "secret");
    expect((await stat(state.path("credentials/x"))).mode & 0o077).toBe(0);
    expect((await stat(state.path("credentials"))).mode & 0o077).toBe(0);
  });

  it("knows nothing of a cluster without a record", async () => {
    expect(await state.readCluster()).toBeUndefined();
    expect(await state.readComponents()).toEqual([]);
    expect(await state.readUndos()).toEqual([]);
  });
});
