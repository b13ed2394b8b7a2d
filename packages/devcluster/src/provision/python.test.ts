import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../process/run.ts";
import { tempDir } from "../testkit/temp-dir.ts";
import { pythonWithPip } from "./python.ts";

describe("a machine that cannot fetch wheels", () => {
  const sentence = "Python 3 with pip is needed to fetch the proxy: install python3 and python3-pip.";

  it("is told so when it has no Python", async () => {
    const context = { run, searchPath: [await tempDir()], signal: undefined };
    await expect(pythonWithPip("the proxy", context)).rejects.toMatchObject({
      name: "UserError",
      message: sentence,
    });
  });

  it("is told so when its Python has no pip", async () => {
    const dir = await tempDir();
    // Without its site packages, pip among them.
    await writeFile(join(dir, "python3"), '#!/bin/sh\nexec /usr/bin/env python3 -I -S "$@"\n', {
      mode: 0o755,
    });
    const context = { run, searchPath: [dir], signal: undefined };
    await expect(pythonWithPip("the proxy", context)).rejects.toMatchObject({
      name: "UserError",
      message: sentence,
    });
  });
});
