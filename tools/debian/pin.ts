/**
 * Pins the Debian packages that are named, or all that are pinned already, at what the archive has now:
 * `node tools/debian/pin.ts [package...]`. Needs apt, with its lists up to date.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

const path = join(import.meta.dirname, "packages.json");
/** Checksums by architecture; those of the others stay as long as the version does. */
const pins = JSON.parse(await readFile(path, "utf8")) as Record<
  string,
  { version: string; sha256: Record<string, string> }
>;
const named = process.argv.slice(2);

for (const name of named.length > 0 ? named : Object.keys(pins)) {
  const { stdout } = await execa("apt-cache", ["show", "--no-all-versions", name]);
  const field = (label: string) => new RegExp(`^${label}: (.*)$`, "m").exec(stdout)?.[1] ?? "";
  const version = field("Version");
  const others = pins[name]?.version === version ? pins[name].sha256 : {};
  pins[name] = { version, sha256: { ...others, [field("Architecture")]: field("SHA256") } };
}
await writeFile(path, `${JSON.stringify(pins, null, 2)}\n`);
