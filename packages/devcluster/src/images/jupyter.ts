import { appendFile, copyFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { findProgram } from "../provision/provisioner.ts";
import { toolDir } from "../provision/repository.ts";
import type { BuildContext, Provided, ProvisionStep } from "../provision/step.ts";
import { debianPython } from "./debian-base.ts";
import { imageFormat, writeOciImage, type ImageConfig } from "./oci-image.ts";

/** What the image is built from. */
export interface JupyterInputs {
  base: Provided<"rootfs" | "image">;
  searchPath: readonly string[];
}

const user = { name: "datalayer", uid: 1000, gid: 100, home: "/home/datalayer" };
const environment = "/opt/jupyter";

/** Where the files of the sources belong in the environment, besides the list of wheels. */
const configuration = {
  "jupyter_server_config.py": "etc/jupyter/jupyter_server_config.py",
  "kernel.json": "share/jupyter/kernels/python3/kernel.json",
  "with-claim": "bin/with-claim",
};

const config: ImageConfig = {
  Entrypoint: [`${environment}/bin/jupyter-server`],
  Env: [
    `PATH=${environment}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    `HOME=${user.home}`,
    "LANG=C.UTF-8",
    // Connection files of kernels; the home folder may be shared, slow or read-only.
    "JUPYTER_RUNTIME_DIR=/tmp/jupyter-runtime",
  ],
  User: `${user.uid}:${user.gid}`,
  WorkingDir: user.home,
  ExposedPorts: { "2300/tcp": {} },
};

/**
 * The step that builds the Jupyter image: the Debian base, and above it one layer with a virtual environment that
 * is installed from wheels.
 *
 * The wheels are fetched first, by their committed checksums; the installation then runs in the base's own root
 * with its own Python, and without the network. Needs root.
 */
export async function jupyterStep(inputs: JupyterInputs): Promise<ProvisionStep<"image">> {
  const sources = toolDir(join("images", "jupyter"));
  const files = ["requirements.txt", ...Object.keys(configuration)].map((name) => join(sources, name));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const version = /^jupyter-server==(\S+)/m.exec(texts.join("\n"))?.[1] ?? "unknown";
  return {
    name: "image-jupyter",
    version,
    inputs: [imageFormat, ...texts, inputs.base.paths.image, JSON.stringify([user, config, configuration])],
    provides: { image: "image" },
    build: (dir, context) => buildImage(dir, { ...inputs, sources }, context),
  };
}

async function buildImage(
  dir: string,
  inputs: JupyterInputs & { sources: string },
  context: BuildContext,
): Promise<void> {
  const root = join(dir, "root");
  const wheelhouse = join(root, "wheelhouse");
  await mkdir(wheelhouse, { recursive: true });
  const requirements = join(inputs.sources, "requirements.txt");
  await downloadWheels(requirements, wheelhouse, { ...context, searchPath: inputs.searchPath });
  await copyFile(requirements, join(wheelhouse, "requirements.txt"));
  context.note("unpacking the base");
  await context.run("tar", ["-C", root, "-xf", inputs.base.paths.rootfs]);
  context.note("installing");
  await installWheels(root, wheelhouse, context);
  await addConfiguration(root, inputs.sources, context);
  const layer = join(dir, "layer.tar");
  await context.run("tar", ["-C", root, "--numeric-owner", "-cf", layer, ...layerPaths]);
  await writeOciImage(join(dir, "image"), [inputs.base.paths.rootfs, layer], config);
  await Promise.all([root, layer].map((path) => rm(path, { recursive: true })));
}

/** What the layer adds to the base. */
const layerPaths = [environment, user.home, "/etc/passwd"].map((path) => path.slice(1));

async function downloadWheels(
  requirements: string,
  dir: string,
  context: BuildContext & { searchPath: readonly string[] },
): Promise<void> {
  const python = await findProgram(["python3"], context.searchPath);
  if (python === undefined) {
    throw new UserError("Python 3 with pip is needed to build the Jupyter image: install python3-pip.");
  }
  const machine = process.arch === "x64" ? "x86_64" : "aarch64";
  // Those that the glibc of the base can load, whatever this machine has.
  const glibcs = ["2_17", "2_26", "2_27", "2_28", "2_31", "2_34"];
  const platforms = [...glibcs.map((glibc) => `manylinux_${glibc}`), "manylinux2014"];
  await context.run(python, [
    ...["-m", "pip", "download", "--no-input", "--require-hashes", "--no-deps", "--only-binary=:all:"],
    `--python-version=${debianPython}`,
    ...platforms.map((platform) => `--platform=${platform}_${machine}`),
    ...["-r", requirements, "-d", dir],
  ]);
}

/** Pip is one of the wheels, and runs from its wheel: the base has none. */
async function installWheels(root: string, wheelhouse: string, context: BuildContext): Promise<void> {
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

async function addConfiguration(root: string, sources: string, context: BuildContext): Promise<void> {
  for (const [name, place] of Object.entries(configuration)) {
    const target = join(root, environment, place);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(sources, name), target);
  }
  const { name, uid, gid, home } = user;
  await appendFile(join(root, "etc", "passwd"), `${name}:x:${uid}:${gid}::${home}:/bin/bash\n`);
  await mkdir(join(root, home), { recursive: true });
  await context.run("chown", ["-R", `${uid}:${gid}`, join(root, home)]);
}
