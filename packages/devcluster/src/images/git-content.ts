import { appendFile, copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { toolDir } from "../provision/repository.ts";
import type { BuildContext, ProvisionStep } from "../provision/step.ts";
import { basePackages } from "./debian-base.ts";
import { type DebianTools, debianRelease, debianRootInputs, makeDebianRoot } from "./debian-root.ts";
import { type ImageConfig, writeOciImage } from "./oci-image.ts";

const packages = [...basePackages, "git", "openssh-client"];
const program = "/usr/local/bin/fetch-git-content";
/** The user of runtimes, to whom the files belong; ssh wants to know its name. */
const passwdLine = "datalayer:x:1000:100::/nonexistent:/usr/sbin/nologin\n";

const config: ImageConfig = {
  Entrypoint: [program],
  Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"],
  User: "1000:100",
  WorkingDir: "/",
};

/** The step that builds the image that fetches git contents: Debian's git, and one program. Needs root. */
export async function gitContentStep(tools: DebianTools): Promise<ProvisionStep<"image">> {
  const source = join(toolDir(join("images", "git-content")), "fetch.py");
  const text = await readFile(source, "utf8");
  return {
    name: "image-git-content",
    version: debianRelease,
    inputs: [...debianRootInputs(packages), text, passwdLine, JSON.stringify(config)],
    provides: { image: "image" },
    build: (dir, context) => buildImage(dir, source, { ...context, ...tools }),
  };
}

async function buildImage(dir: string, source: string, context: BuildContext & DebianTools): Promise<void> {
  const rootfs = join(dir, "rootfs.tar");
  await makeDebianRoot(rootfs, packages, context);
  const root = join(dir, "root");
  await mkdir(join(root, "usr", "local", "bin"), { recursive: true });
  await copyFile(source, join(root, program));
  await context.run("chmod", ["755", join(root, program)]);
  await context.run("tar", ["-C", root, "-xf", rootfs, "./etc/passwd"]);
  await appendFile(join(root, "etc", "passwd"), passwdLine);
  const layer = join(dir, "layer.tar");
  const paths = ["etc/passwd", program.slice(1)];
  await context.run("tar", ["-C", root, "--owner=0", "--group=0", "--numeric-owner", "-cf", layer, ...paths]);
  await writeOciImage(join(dir, "image"), { layers: [rootfs, layer], config });
  await Promise.all([root, layer, rootfs].map((path) => rm(path, { recursive: true })));
}
