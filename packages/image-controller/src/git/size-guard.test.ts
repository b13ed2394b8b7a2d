import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "@datalayer/devcluster/testkit/temp-dir";
import { expect, it } from "vitest";
import { SizeGuard } from "./size-guard.ts";

it("tells when all files below a folder are too much together, and not before", async () => {
  const folder = await tempDir();
  await mkdir(join(folder, "a", "b"), { recursive: true });
  await appendFile(join(folder, "a", "one"), Buffer.alloc(1000));
  const [small, large] = [new SizeGuard(folder, 1500), new SizeGuard(folder, 1_000_000)];
  const exceeded = new Promise((resolve) => small.signal.addEventListener("abort", resolve));
  expect(small.signal.aborted).toBe(false);
  await appendFile(join(folder, "a", "b", "two"), Buffer.alloc(1000));
  await exceeded;
  expect(large.signal.aborted).toBe(false);
  small.stop();
  large.stop();
});
