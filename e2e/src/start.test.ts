import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

/** What a cluster could leave on the machine: mounts, and network namespaces and links. */
async function traces(): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n");
  const links = (await execa("ip", ["-o", "link"])).stdout
    .split("\n")
    .map((line) => line.split(":")[1] ?? "");
  const namespaces = (await execa("ip", ["netns"])).stdout.split("\n");
  return [...mounts, ...links, ...namespaces].filter((line) => line.trim() !== "").sort();
}

describe("npm start -- --once --json", () => {
  it("runs a cell on a real node, prints one JSON line, and leaves nothing behind", async () => {
    const before = await traces();
    const { stdout } = await execa("node", ["tools/start/main.ts", "--once", "--json", "--nodes", "real"], {
      cwd: root,
      preferLocal: true,
    });
    expect(stdout.split("\n")).toHaveLength(1);
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      answer: "42",
      nodes: "real",
      warmMs: expect.any(Number) as number,
      claimMs: expect.any(Number) as number,
    });
    expect((await traces()).filter((trace) => !before.includes(trace))).toEqual([]);
  });

  it("says why it failed, in one JSON line, with exit code 1", async () => {
    const { stdout, exitCode } = await execa(
      "node",
      ["tools/start/main.ts", "--once", "--json", "--kubeconfig", "/nowhere", "--image", "none"],
      { cwd: root, preferLocal: true, reject: false },
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ ok: false, reason: expect.stringContaining("/nowhere") as string });
  });
});
