import { appendFile, chmod, copyFile, mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { debianPackages } from "../provision/debian.ts";
import type { Provisioner } from "../provision/provisioner.ts";
import type { BuildContext, ProvisionStep } from "../provision/step.ts";
import { type BuildkitPrograms, buildkitVersion, provideBuildkit } from "./buildkit.ts";
import { type DebianTools, debianRelease, debianRootInputs, makeDebianRoot } from "./debian-root.ts";
import { type ImageConfig, writeOciImage } from "./oci-image.ts";
import { layerOptions, writeLayerTar } from "./layer.ts";

/**
 * The image in which images are built: BuildKit without root. In user, folders and programs it is as BuildKit's
 * own `moby/buildkit:<version>-rootless`, so that one can stand in for the other.
 */
const user = { name: "user", uid: 1000, home: "/home/user", runtimeDir: "/run/user/1000" };

/** BuildKit runs what it builds with runc, fetches contexts with git and ssh, and unpacks archives with the rest. */
const packages = ["ca-certificates", "git", "openssh-client", "pigz", "runc", "uidmap", "xz-utils"];

/** What the two programs that map users may do; Debian gives them all of root, which no container has to give. */
const capabilities = { newuidmap: "cap_setuid=ep", newgidmap: "cap_setgid=ep" };

/** Lines added to files below `/etc`: the user, and the ids it hands out to what runs in a build. */
const accounts = {
  passwd: `${user.name}:x:${user.uid}:${user.uid}::${user.home}:/bin/sh\n`,
  group: `${user.name}:x:${user.uid}:\n`,
  subuid: `${user.name}:100000:65536\n`,
  subgid: `${user.name}:100000:65536\n`,
};

const config: ImageConfig = {
  Entrypoint: ["rootlesskit", "buildkitd"],
  Env: [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    `HOME=${user.home}`,
    // BuildKit keeps its files in the home folder of a user with a name other than root.
    `USER=${user.name}`,
    `XDG_RUNTIME_DIR=${user.runtimeDir}`,
    `TMPDIR=${user.home}/.local/tmp`,
    `BUILDKIT_HOST=unix://${user.runtimeDir}/buildkit/buildkitd.sock`,
  ],
  User: `${user.uid}:${user.uid}`,
  WorkingDir: "/",
};

/** What the image is made with. */
interface BuilderTools extends DebianTools {
  setcap: string;
  buildkit: BuildkitPrograms;
}

/** Provides the programs and builds the builder image. Needs root. */
export async function provideBuilder(provisioner: Provisioner, debian: DebianTools): Promise<string> {
  const buildkit = await provideBuildkit(provisioner);
  const { setcap } = (await provisioner.provide(await setcapStep())).paths;
  const step = await builderStep({ ...debian, setcap, buildkit });
  return (await provisioner.provide(step)).paths.image;
}

function setcapStep(): Promise<ProvisionStep<"setcap">> {
  return debianPackages({
    name: "setcap",
    packages: ["libcap2-bin"],
    provides: { setcap: "sbin/setcap" },
    installed: { setcap: ["setcap"] },
  });
}

async function builderStep(tools: BuilderTools): Promise<ProvisionStep<"image">> {
  return {
    name: "image-buildkit",
    version: await buildkitVersion(),
    inputs: [
      ...[debianRelease, ...debianRootInputs(packages), ...layerOptions],
      JSON.stringify([tools.buildkit, user, capabilities, accounts, config]),
    ],
    provides: { image: "image" },
    build: (dir, context) => buildImage(dir, { ...context, ...tools }),
  };
}

async function buildImage(dir: string, context: BuildContext & BuilderTools): Promise<void> {
  const root = join(dir, "root");
  await makeDebianRoot(root, packages, context);
  await addPrograms(root, context);
  await dropPrivileges(root, context);
  await addUser(root, context);
  const layer = join(dir, "layer.tar");
  await writeLayerTar(layer, root, ["."], context);
  await writeOciImage(join(dir, "image"), { layers: [layer], config });
  await Promise.all([root, layer].map((path) => rm(path, { recursive: true })));
}

async function addPrograms(root: string, context: BuildContext & BuilderTools): Promise<void> {
  for (const program of Object.values<string>({ ...context.buildkit })) {
    const target = join(root, "usr", "bin", basename(program));
    await copyFile(program, target);
    await chmod(target, 0o755);
  }
}

/** After this, no program gives its caller more than it had, but the two that map users. */
async function dropPrivileges(root: string, context: BuildContext & BuilderTools): Promise<void> {
  await context.run("chmod", ["-R", "ug-s", root]);
  for (const [program, granted] of Object.entries(capabilities)) {
    await context.run(context.setcap, [granted, join(root, "usr", "bin", program)]);
  }
}

async function addUser(root: string, context: BuildContext): Promise<void> {
  for (const [file, line] of Object.entries(accounts)) {
    await appendFile(join(root, "etc", file), line);
  }
  const data = ["tmp", "share/buildkit"].map((path) => join(root, user.home, ".local", path));
  const own = [...data, join(root, user.runtimeDir)];
  await Promise.all(own.map((path) => mkdir(path, { recursive: true })));
  const owner = `${user.uid}:${user.uid}`;
  await context.run("chown", ["-R", owner, join(root, user.home), join(root, user.runtimeDir)]);
}
