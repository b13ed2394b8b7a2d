import { createHash } from "node:crypto";
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianPackages } from "../provision/debian.ts";
import type { Provisioner } from "../provision/provisioner.ts";
import { repositoryPath } from "../provision/repository.ts";
import type { BuildContext, Provided, ProvisionStep } from "../provision/step.ts";
import { layerOptions, writePlainLayerTar } from "./layer.ts";
import { imageFormat, writeOciImage } from "./oci-image.ts";

/** What the base of the controllers' images provides. */
export type NodeBase = Provided<"image">;

/** The user of the controllers: it owns nothing, and its name is for those who look for one. */
export const nodeUser = { name: "nonroot", uid: 65532 };

/** Where Node is in the images. */
export const nodeProgram = "/usr/local/bin/node";

/** Node links the C++ library; its own list of authorities lacks those that an administrator adds to the system's. */
const packages = ["libc6", "libgcc-s1", "libstdc++6", "ca-certificates"] as const;

/** Parts of Debian packages that no program reads here; what remains below doc are the licences. */
export const leftOut = [
  ...["bug", "gcc", "gdb", "info", "lintian", "locale", "man"].map((folder) => `usr/share/${folder}`),
  ...["NEWS*", "README*", "TODO*", "changelog*", "examples"].map((file) => `usr/share/doc/*/${file}`),
  ...["usr/lib/*/audit", "usr/lib/*/gconv", "usr/sbin"],
];

const bundle = "etc/ssl/certs/ca-certificates.crt";
const authorities = "usr/share/ca-certificates";

/** Files below `/etc`. */
const configuration = {
  passwd: `root:x:0:0:root:/root:/usr/sbin/nologin\n${nodeUser.name}:x:${nodeUser.uid}:${nodeUser.uid}::/:/usr/sbin/nologin\n`,
  group: `root:x:0:\n${nodeUser.name}:x:${nodeUser.uid}:\n`,
  // Without it, names that Kubernetes puts into /etc/hosts would be asked of DNS first.
  "nsswitch.conf": "hosts: files dns\n",
};

/** A tenth smaller than by default, for half a minute once. */
export const compressionLevel = 12;

/**
 * Provides the base of the controllers' images: no shell and no package manager, only what Node needs of Debian and,
 * in a layer of its own, the Node that is pinned in package.json.
 *
 * The same pins give the same bytes. Node keeps its symbols, for profiles and the stacks of crashes.
 */
export async function provideNodeBase(provisioner: Provisioner): Promise<NodeBase> {
  const libraries = await provisioner.provide(await unpackedPackages("node-libraries", packages));
  return provisioner.provide(await nodeBaseStep(libraries.paths.root));
}

/** The step that unpacks pinned packages into a root of their own, whatever is installed on this machine. */
export async function unpackedPackages(
  name: string,
  names: readonly [string, ...string[]],
): Promise<ProvisionStep<"root">> {
  const step = await debianPackages({ name, packages: names, provides: { root: "" } });
  return { ...step, installed: undefined };
}

async function nodeBaseStep(libraries: string): Promise<ProvisionStep<"image">> {
  const node = repositoryPath("node_modules", "node");
  const { version } = JSON.parse(await readFile(join(node, "package.json"), "utf8")) as { version: string };
  const checksum = createHash("sha256").update(await readFile(join(node, "bin", "node")));
  return {
    name: "image-node",
    version,
    inputs: [
      ...[imageFormat, ...layerOptions, libraries, checksum.digest("hex"), ...leftOut],
      JSON.stringify([configuration, compressionLevel]),
    ],
    provides: { image: "image" },
    build: async (dir, context) => {
      const layers = [await librariesLayer(dir, libraries, context), await nodeLayer(dir, node, context)];
      await writeOciImage(join(dir, "image"), {
        layers,
        config: { Entrypoint: [nodeProgram] },
        compressionLevel,
      });
      const done = [...layers, join(dir, "libraries"), join(dir, "node")];
      await Promise.all(done.map((path) => rm(path, { recursive: true })));
    },
  };
}

async function librariesLayer(dir: string, libraries: string, context: BuildContext): Promise<string> {
  const root = join(dir, "libraries");
  await cp(libraries, root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  await mkdir(join(root, "etc", "ssl", "certs"), { recursive: true });
  await writeFile(join(root, bundle), await authoritiesOf(root));
  for (const [file, text] of Object.entries(configuration)) {
    await writeFile(join(root, "etc", file), text);
  }
  const layer = join(dir, "libraries.tar");
  await writePlainLayerTar(layer, root, [...leftOut, authorities], context);
  return layer;
}

/** As Debian's update-ca-certificates joins them. */
async function authoritiesOf(root: string): Promise<string> {
  const folder = join(root, authorities, "mozilla");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".crt")).sort();
  const texts = files.map((file) => readFile(join(folder, file), "utf8"));
  return (await Promise.all(texts)).join("");
}

async function nodeLayer(dir: string, node: string, context: BuildContext): Promise<string> {
  const root = join(dir, "node");
  const licences = join(root, "usr", "share", "doc", "node");
  await Promise.all(
    [join(root, "usr", "local", "bin"), licences].map((path) => mkdir(path, { recursive: true })),
  );
  await copyFile(join(node, "bin", "node"), join(root, nodeProgram));
  await copyFile(
    join(node, "node_modules", `node-linux-${process.arch}`, "LICENSE"),
    join(licences, "copyright"),
  );
  const layer = join(dir, "node.tar");
  await writePlainLayerTar(layer, root, [], context);
  return layer;
}
