import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Provisioner } from "../provision/provisioner.ts";
import { repositoryPath } from "../provision/repository.ts";
import type { BuildContext, ProvisionStep } from "../provision/step.ts";
import type { LocalImage } from "./images.ts";
import { layerOptions, writePlainLayerTar } from "./layer.ts";
import {
  compressionLevel,
  leftOut,
  type NodeBase,
  nodeProgram,
  nodeUser,
  unpackedPackages,
} from "./node-base.ts";
import { imageFormat, type ImageConfig, writeOciImage } from "./oci-image.ts";

/** A controller that comes as an image. */
export interface ControllerImage {
  /** Of its folder below `packages/`, and of its image. */
  name: string;
  /** What its image holds of Debian beside what Node needs. Default: nothing. */
  debian?: DebianParts;
}

/** Parts of Debian packages, which are all named: nothing comes along with them. */
export interface DebianParts {
  packages: readonly [string, ...string[]];
  /** Patterns of the paths that are not needed. */
  leftOut: readonly string[];
}

/**
 * The options with which Node runs the controllers that are shipped. V8 would take 128 MiB for young objects on a
 * large machine, whatever lives in it, and let old ones grow to several times what is in use before it looks; these
 * keep 5,000 Pods within 150 MiB, at no more processor time.
 */
export const nodeOptions: readonly string[] = ["--max-semi-space-size=4", "--heap-growing-percent=45"];

/** Provides the image of a controller: the base, and above it the controller in a few files. */
export async function provideController(
  controller: ControllerImage,
  base: NodeBase,
  provisioner: Provisioner,
): Promise<LocalImage> {
  const { name, debian } = controller;
  const unpacked =
    debian && (await provisioner.provide(await unpackedPackages(`${name}-debian`, debian.packages)));
  const step = await controllerStep(controller, { base: base.paths.image, debian: unpacked?.paths.root });
  const { paths } = await provisioner.provide(step);
  return { repository: `datalayer/${name}`, tag: step.version, dir: paths.image };
}

/** What lies below the controller itself. */
interface Below {
  /** An image. */
  base: string;
  /** A folder with unpacked packages. */
  debian: string | undefined;
}

async function controllerStep(
  { name, debian }: ControllerImage,
  below: Below,
): Promise<ProvisionStep<"image">> {
  const packageJson = repositoryPath("packages", name, "package.json");
  const { version } = JSON.parse(await readFile(packageJson, "utf8")) as { version: string };
  const config = imageConfig(name, version);
  const unneeded = [...leftOut, ...(debian?.leftOut ?? [])];
  return {
    name: `image-${name}`,
    version,
    inputs: [
      ...[imageFormat, ...layerOptions, below.base, below.debian ?? "", ...unneeded],
      ...[JSON.stringify(config), await checksumOfSources(name)],
    ],
    provides: { image: "image" },
    build: async (dir, context) => {
      const layers = [await controllerLayer(dir, name, context)];
      if (below.debian !== undefined) {
        const layer = join(dir, "debian.tar");
        await writePlainLayerTar(layer, below.debian, unneeded, context);
        layers.unshift(layer);
      }
      await writeOciImage(join(dir, "image"), { base: below.base, layers, config, compressionLevel });
      await Promise.all(layers.map((layer) => rm(layer)));
    },
  };
}

function imageConfig(name: string, version: string): ImageConfig {
  return {
    Entrypoint: [nodeProgram, ...nodeOptions, "/app/dist/main.js"],
    Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production"],
    User: `${nodeUser.uid}:${nodeUser.uid}`,
    WorkingDir: "/app",
    Labels: {
      "org.opencontainers.image.title": name,
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.licenses": "Apache-2.0",
    },
  };
}

/** Of everything that decides on the bundle. */
async function checksumOfSources(name: string): Promise<string> {
  const sources = [`packages/{${name},shared}/{package.json,src/**/*.ts}`, "{package-lock.json,ts*.base.*}"];
  const found = globSync(sources, { cwd: repositoryPath() });
  const files = found.filter((file) => !file.endsWith(".test.ts")).sort();
  const texts = await Promise.all(files.map((file) => readFile(repositoryPath(file), "utf8")));
  const hash = createHash("sha256");
  files.forEach((file, index) => hash.update(JSON.stringify([file, texts[index]])));
  return hash.digest("hex");
}

async function controllerLayer(dir: string, name: string, context: BuildContext): Promise<string> {
  const root = join(dir, "controller");
  const app = join(root, "app");
  await mkdir(app, { recursive: true });
  const cwd = repositoryPath("packages", name);
  const programs = repositoryPath("node_modules", ".bin");
  const path = [programs, ...context.searchPath].join(delimiter);
  // Source maps are three times the size of the programs, and name this folder.
  const options = [
    "--config",
    repositoryPath("tsup.base.ts"),
    "--no-sourcemap",
    "--out-dir",
    join(app, "dist"),
  ];
  await context.run(join(programs, "tsup"), options, { cwd, env: { PATH: path } });
  await copyFile(join(cwd, "package.json"), join(app, "package.json"));
  const layer = join(dir, "controller.tar");
  await writePlainLayerTar(layer, root, [], context);
  await rm(root, { recursive: true });
  return layer;
}
