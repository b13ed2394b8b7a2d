import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pythonWithPip } from "../provision/python.ts";
import type { BuildContext } from "../provision/step.ts";
import { debianPython } from "./debian-root.ts";

/** Those that the glibc of the Debian base can load, whatever this machine has. */
const glibcs = ["2_17", "2_26", "2_27", "2_28", "2_31", "2_34"];

/** Downloads the wheels that a file of requirements pins by checksums, for the Python of the Debian base. */
export async function downloadWheels(
  requirements: string,
  dir: string,
  context: BuildContext,
): Promise<void> {
  const python = await pythonWithPip("what images hold", context);
  const machine = process.arch === "x64" ? "x86_64" : "aarch64";
  const platforms = [...glibcs.map((glibc) => `manylinux_${glibc}`), "manylinux2014"];
  await context.run(python, [
    ...["-m", "pip", "download", "--no-input", "--require-hashes", "--no-deps", "--only-binary=:all:"],
    `--python-version=${debianPython}`,
    ...platforms.map((platform) => `--platform=${platform}_${machine}`),
    ...["-r", requirements, "-d", dir],
  ]);
}

/**
 * Makes a virtual environment in an unpacked root, of the wheels that `requirements` pins.
 *
 * The wheels are fetched first; the installation then runs in the root with its own Python, and without the network.
 * Pip has to be one of the wheels, and runs from its wheel: the base has none.
 *
 * @param environment its place in the root
 */
export async function installEnvironment(
  root: string,
  { environment, requirements }: { environment: string; requirements: string },
  context: BuildContext,
): Promise<void> {
  const wheelhouse = join(root, "wheelhouse");
  await mkdir(wheelhouse);
  await downloadWheels(requirements, wheelhouse, context);
  await copyFile(requirements, join(wheelhouse, "requirements.txt"));
  context.note("installing");
  const pip = (await readdir(wheelhouse)).find((file) => /^pip-.*\.whl$/.test(file)) ?? "";
  const inRoot = (...command: string[]) =>
    // Without this machine's environment: it may configure pip.
    context.run("env", [
      "-i",
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG=C.UTF-8",
      "chroot",
      root,
      ...command,
    ]);
  await inRoot("python3", "-m", "venv", "--without-pip", environment);
  await inRoot(
    ...[`${environment}/bin/python`, `/wheelhouse/${pip}/pip`, "install", "--quiet", "--no-index"],
    ...["--find-links=/wheelhouse", "--no-deps", "--require-hashes", "--no-cache-dir"],
    ...["--root-user-action=ignore", "-r", "/wheelhouse/requirements.txt"],
  );
}
