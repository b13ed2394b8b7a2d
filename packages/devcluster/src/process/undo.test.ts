import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempDir } from "../testkit/temp-dir.ts";
import { mountsBelow, undo } from "./undo.ts";

describe("the mounts below a folder", () => {
  const mountInfo = [
    "21 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
    "40 21 0:30 / /state/c rw - tmpfs tmpfs rw",
    "41 40 0:31 / /state/c/pods/a\\040b rw - tmpfs tmpfs rw",
    "42 21 0:32 / /state/c2 rw - tmpfs tmpfs rw",
    "",
  ].join("\n");

  it("are the folder's own and those in it, the latest first", () => {
    expect(mountsBelow(mountInfo, "/state/c")).toEqual(["/state/c/pods/a b", "/state/c"]);
  });

  it("leave out neighbours whose names start alike", () => {
    expect(mountsBelow(mountInfo, "/state/c2")).toEqual(["/state/c2"]);
  });
});

describe("undoing", () => {
  it("removes a folder, and what is not there is no error", async () => {
    const path = join(await tempDir(), "made");
    await mkdir(path);
    await undo({ kind: "path", path });
    await expect(access(path)).rejects.toThrow("ENOENT");
    await undo({ kind: "path", path });
    await undo({ kind: "netns", name: "devcluster-test-none" });
    await undo({ kind: "link", name: "dctestnone" });
    await undo({ kind: "cgroup", path: "/devcluster-test-none" });
    await undo({ kind: "mounts", under: path });
  });

  it("runs a command, and ignores its failure", async () => {
    const dir = await tempDir();
    await writeFile(join(dir, "a"), "");
    await undo({ kind: "command", command: "mv", args: [join(dir, "a"), join(dir, "b")] });
    await access(join(dir, "b"));
    await undo({ kind: "command", command: "false", args: [] });
  });
});
