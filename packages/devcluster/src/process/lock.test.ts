import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempDir } from "../testkit/temp-dir.ts";
import { withLock } from "./lock.ts";

describe("a lock", () => {
  it("lets one in after the other", async () => {
    const file = join(await tempDir(), "locks", "x");
    const steps: string[] = [];
    const first = Promise.withResolvers<undefined>();
    const entered = Promise.withResolvers<undefined>();
    const one = withLock(file, async () => {
      steps.push("first in");
      entered.resolve(undefined);
      await first.promise;
      steps.push("first out");
    });
    await entered.promise;
    const waited = Promise.withResolvers<undefined>();
    const two = withLock(file, () => Promise.resolve(steps.push("second in")), {
      onWait: () => waited.resolve(undefined),
    });
    await waited.promise;
    first.resolve(undefined);
    await Promise.all([one, two]);
    expect(steps).toEqual(["first in", "first out", "second in"]);
  });

  it("is free again when its work fails", async () => {
    const file = join(await tempDir(), "x");
    await expect(withLock(file, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(await withLock(file, () => Promise.resolve("in"))).toBe("in");
  });

  it("is free again when its holder is killed", async () => {
    const file = join(await tempDir(), "x");
    const program = `
      import { withLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
      await withLock(${JSON.stringify(file)}, () => new Promise(() => { console.log("in"); setInterval(() => {}, 1e6); }));`;
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", program]);
    await once(holder.stdout, "data");
    holder.kill("SIGKILL");
    expect(await withLock(file, () => Promise.resolve("in"))).toBe("in");
  });

  it("is given up on when aborted", async () => {
    const file = join(await tempDir(), "x");
    const controller = new AbortController();
    await withLock(file, async () => {
      const second = withLock(file, () => Promise.resolve(), { signal: controller.signal });
      controller.abort(new Error("enough"));
      await expect(second).rejects.toThrow("enough");
    });
  });
});
