import { appendFile, copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toolDir } from "../provision/repository.ts";
import type { BuildContext, ProvisionStep } from "../provision/step.ts";
import type { DebianBase } from "./debian-base.ts";
import { imageFormat, writeOciImage, type ImageConfig } from "./oci-image.ts";
import { installEnvironment } from "./wheels.ts";

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
 * is installed from wheels. Needs root.
 */
export async function jupyterStep(base: DebianBase): Promise<ProvisionStep<"image">> {
  const sources = toolDir(join("images", "jupyter"));
  const files = ["requirements.txt", ...Object.keys(configuration)].map((name) => join(sources, name));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const version = /^jupyter-server==(\S+)/m.exec(texts.join("\n"))?.[1] ?? "unknown";
  return {
    name: "image-jupyter",
    version,
    inputs: [imageFormat, ...texts, base.paths.image, JSON.stringify([user, config, configuration])],
    provides: { image: "image" },
    build: (dir, context) => buildImage(dir, { base, sources }, context),
  };
}

async function buildImage(
  dir: string,
  { base, sources }: { base: DebianBase; sources: string },
  context: BuildContext,
): Promise<void> {
  const root = join(dir, "root");
  await mkdir(root);
  context.note("unpacking the base");
  await context.run("tar", ["-C", root, "-xf", base.paths.rootfs]);
  const requirements = join(sources, "requirements.txt");
  await installEnvironment(root, { environment, requirements }, context);
  await addConfiguration(root, sources, context);
  const layer = join(dir, "layer.tar");
  await context.run("tar", ["-C", root, "--numeric-owner", "-cf", layer, ...layerPaths]);
  await writeOciImage(join(dir, "image"), { base: base.paths.image, layers: [layer], config });
  await Promise.all([root, layer].map((path) => rm(path, { recursive: true })));
}

/** What the layer adds to the base. */
const layerPaths = [environment, user.home, "/etc/passwd"].map((path) => path.slice(1));

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
