import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { tempDir } from "@datalayer/devcluster/testkit/temp-dir";
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

// A pool is given five minutes to be warm.
const options = { timeout: 480_000 };

/** The clusters that are recorded below a folder for states. */
async function clustersIn(home: string): Promise<string[]> {
  const entries = await readdir(join(home, "datalayer-operator/clusters"), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The processes that have this text among their arguments. */
async function processesNaming(text: string): Promise<string[]> {
  const { stdout } = await execa("ps", ["-eo", "pid=,args="]);
  return stdout.split("\n").filter((line) => line.includes(text));
}

describe("npm start -- --once --json", options, () => {
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

describe("npm start", options, () => {
  it("says what to try next, which works when it is pasted, and removes everything on Ctrl-C", async () => {
    const home = await tempDir();
    let progress = "";
    const started = execa("node", ["tools/start/main.ts", "--nodes", "kwok"], {
      cwd: root,
      preferLocal: true,
      reject: false,
      detached: true,
      env: { XDG_STATE_HOME: home },
    });
    try {
      let said = "";
      started.stderr.on("data", (chunk: Buffer) => (progress += chunk.toString()));
      started.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      await eventually(() => said.includes("Ctrl-C"), { timeoutMs: 360_000, message: "the proof" });
      const [, lines = ""] = said.split("in another terminal:\n");
      const script = lines.replace(/\n\n[^]*/, "");
      expect(script.split("\n")).toHaveLength(6);
      const { stdout } = await execa("bash", ["-euo", "pipefail", "-c", script]);
      expect(stdout).toContain("python-simple-pool");
      expect(stdout).toContain("scaled");
      expect(stdout).toContain("FIELDS:");
      expect(stdout).toContain('"success":true');
    } finally {
      process.kill(-started.pid!, "SIGINT");
    }
    // npm passes Ctrl-C on to a process that has it from the terminal already.
    await eventually(() => progress.includes("removing what was made: started"));
    process.kill(-started.pid!, "SIGINT");
    expect((await started).exitCode).toBe(0);
    expect(await clustersIn(home)).toEqual([]);
    expect(await processesNaming(home)).toEqual([]);
  });
});
