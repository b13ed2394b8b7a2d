/**
 * Adds to package-lock.json the optional packages that npm left out.
 *
 * Packages such as `@nx/nx-darwin-x64` hold the same program for one platform each. Where a registry does not
 * offer those of other platforms, `npm install` drops them from the lock file, and `npm ci` then refuses the file
 * everywhere. `node tools/lockfile/complete.ts` puts them back; with `--check` it fails when some are missing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  version?: string;
  optionalDependencies?: Record<string, string>;
  [field: string]: unknown;
}

const path = join(import.meta.dirname, "../../package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, LockedPackage> };

const systems = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"];

/** The entry of a package whose name says for which platform it is; undefined for other packages. */
function entryOf(name: string, version: string): LockedPackage | undefined {
  const words = name.split(/[/-]/);
  const os = words.find((word) => systems.includes(word));
  const cpu = words.find((word) => processors.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = os === "linux" ? { libc: [name.includes("musl") ? "musl" : "glibc"] } : {};
  return { version, cpu: [cpu], dev: true, ...libc, optional: true, os: [os] };
}

function missingPackages(): [string, LockedPackage][] {
  return Object.entries(lock.packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies).flatMap(([name, range]) => {
      const places = [`node_modules/${name}`, `${place}/node_modules/${name}`];
      const entry = entryOf(name, range.replace(/^[~^]/, ""));
      const isThere = places.some((candidate) => candidate in lock.packages);
      return isThere || !entry ? [] : [[`node_modules/${name}`, entry] as [string, LockedPackage]];
    }),
  );
}

const missing = missingPackages();
if (process.argv.includes("--check")) {
  if (missing.length > 0) {
    console.error(
      `package-lock.json lacks ${missing.length} optional packages. Run: node tools/lockfile/complete.ts`,
    );
    process.exitCode = 1;
  }
} else if (missing.length > 0) {
  const packages = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) });
  lock.packages = Object.fromEntries(packages.sort(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
