import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { findProgram } from "./provisioner.ts";
import { toolDir } from "./repository.ts";
import type { BuildContext, ProvisionStep } from "./step.ts";

/** Debian packages that are unpacked, not installed, into one root. */
export interface DebianPackages<Name extends string> {
  name: string;
  /** The packages wanted; the first gives the version. All are pinned in `tools/debian/packages.json`. */
  packages: readonly [string, ...string[]];
  /** Also unpack those dependencies that are not installed on this machine. Default: false. */
  withDependencies?: boolean;
  /** Path of each provided program or file below the root that is unpacked, such as `usr/bin/runc`. */
  provides: Readonly<Record<Name, string>>;
  /** Where each may already be installed; see `ProvisionStep`. Default: the same path below `/`. */
  installed?: Readonly<Record<Name, readonly string[]>>;
}

const pinsSchema = z.record(
  z.string(),
  z.object({
    version: z.string(),
    /** Checksum of the .deb file, by Debian architecture. */
    sha256: z.record(z.string(), z.string()).default({}),
  }),
);

/** Version and checksums of each pinned package. */
export type DebianPins = z.infer<typeof pinsSchema>;

/** Reads the committed pins. */
export async function readDebianPins(): Promise<DebianPins> {
  return pinsSchema.parse(JSON.parse(await readFile(join(toolDir("debian"), "packages.json"), "utf8")));
}

/**
 * The step that unpacks Debian packages.
 *
 * A pinned version that the archive no longer has (it keeps only the latest of a release) is replaced by the one
 * it has, and the reader is told which: apt checks that against the archive's signature, and the checksums are kept in
 * `packages.json` in the cache entry either way. The name of the entry has the pinned version.
 */
export async function debianPackages<Name extends string>(
  options: DebianPackages<Name>,
): Promise<ProvisionStep<Name>> {
  const allPins = await readDebianPins();
  const pins = Object.fromEntries(options.packages.map((name) => [name, pinOf(allPins, name)]));
  return {
    name: options.name,
    version: pinOf(allPins, options.packages[0]).version,
    inputs: [JSON.stringify(pins), String(options.withDependencies ?? false)],
    provides: mapPaths(options.provides, (path) => `root/${path}`),
    installed: options.installed ?? mapPaths(options.provides, (path) => [`/${path}`]),
    build: (dir, context) => unpackAll(dir, options, pins, context),
  };
}

function pinOf(pins: DebianPins, name: string) {
  const pin = pins[name];
  if (pin === undefined) {
    throw new Error(`tools/debian/packages.json does not pin ${name}`);
  }
  return pin;
}

function mapPaths<Name extends string, T>(
  paths: Readonly<Record<Name, string>>,
  change: (path: string) => T,
) {
  const entries = Object.entries<string>(paths).map(([name, path]) => [name, change(path)]);
  return Object.fromEntries(entries) as Record<Name, T>;
}

async function unpackAll(
  dir: string,
  options: Pick<DebianPackages<string>, "packages" | "withDependencies">,
  pins: DebianPins,
  context: BuildContext,
): Promise<void> {
  await requireApt();
  const downloads = join(dir, "downloads");
  const root = join(dir, "root");
  await Promise.all([mkdir(downloads), mkdir(root)]);
  await downloadPinned(options.packages, pins, downloads, context);
  if (options.withDependencies) {
    const missing = await missingDependencies(options.packages, context);
    await downloadLatest(missing, downloads, context);
  }
  const files = (await readdir(downloads)).filter((file) => file.endsWith(".deb")).sort();
  const records = [];
  for (const file of files) {
    const path = join(downloads, file);
    const record = await checkedRecord(path, pins, context);
    const replacement = replacementOf(record, pins);
    if (replacement !== undefined) context.tell(replacement);
    records.push(record);
    context.note(`unpacking ${file}`);
    await context.run("dpkg-deb", ["-x", path, root]);
  }
  await writeFile(join(dir, "packages.json"), JSON.stringify(records, null, 2));
  await rm(downloads, { recursive: true });
}

async function requireApt(): Promise<void> {
  const found = await findProgram(["/usr/bin/apt-get"], []);
  if (found === undefined) {
    throw new UserError(
      "Debian packages are needed here and there is no apt-get: use Debian or Ubuntu, or --nodes kwok.",
    );
  }
}

async function downloadPinned(
  names: readonly string[],
  pins: DebianPins,
  dir: string,
  context: BuildContext,
): Promise<void> {
  const exact = names.map((name) => `${name}=${pinOf(pins, name).version}`);
  try {
    await aptDownload(exact, dir, context);
  } catch {
    context.signal?.throwIfAborted();
    await downloadLatest(names, dir, context);
  }
}

/** Downloads what the archive has now; the lists are fetched first, since they are missing or out of date. */
async function downloadLatest(names: readonly string[], dir: string, context: BuildContext): Promise<void> {
  if (names.length === 0) {
    return;
  }
  try {
    await aptDownload(names, dir, context);
  } catch {
    context.signal?.throwIfAborted();
    context.note("fetching the package lists");
    await context.run("apt-get", ["update"]);
    await aptDownload(names, dir, context);
  }
}

async function aptDownload(names: readonly string[], dir: string, context: BuildContext): Promise<void> {
  context.note(`downloading ${names.join(", ")}`);
  // The folder is private to this user, and apt would fetch as its own.
  await context.run("apt-get", ["download", "-o", "APT::Sandbox::User=root", ...names], { cwd: dir });
}

/** The dependencies that an installation would add to this machine. */
async function missingDependencies(names: readonly string[], context: BuildContext): Promise<string[]> {
  const plan = await context.run("apt-get", ["install", "--simulate", "--no-install-recommends", ...names]);
  return addedPackages(plan).filter((name) => !names.includes(name));
}

/** The packages that `apt-get install --simulate` would add; not those it would upgrade. */
export function addedPackages(plan: string): string[] {
  const lines = plan.split("\n").filter((line) => /^Inst \S+ \(/.test(line));
  return lines.map((line) => line.split(" ")[1] ?? "");
}

/** One package that was unpacked. */
export interface DebianRecord {
  name: string;
  version: string;
  arch: string;
  sha256: string;
}

async function checkedRecord(path: string, pins: DebianPins, context: BuildContext): Promise<DebianRecord> {
  const format = "--showformat=${Package}\\n${Version}\\n${Architecture}";
  const fields = await context.run("dpkg-deb", ["--show", format, path]);
  const [name = "", version = "", arch = ""] = fields.split("\n");
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  const record = { name, version, arch, sha256 };
  requirePinnedChecksum(record, pins);
  return record;
}

/** Says so when another version than the pinned one was unpacked. */
export function replacementOf({ name, version }: DebianRecord, pins: DebianPins): string | undefined {
  const pinned = pins[name]?.version;
  if (pinned === undefined || pinned === version) return undefined;
  return `${name}: ${version} instead of ${pinned}, which could not be downloaded; apt has checked its signature, and no checksum is pinned`;
}

/** Throws when the pinned version of a package has another checksum than the pinned one. */
export function requirePinnedChecksum(record: DebianRecord, pins: DebianPins): void {
  const { name, version, arch, sha256 } = record;
  const pin = pins[name];
  const wanted = pin?.version === version ? pin.sha256[arch] : undefined;
  if (wanted !== undefined && wanted !== sha256) {
    throw new Error(`${name} ${version} has checksum ${sha256}, and ${wanted} is pinned`);
  }
}
