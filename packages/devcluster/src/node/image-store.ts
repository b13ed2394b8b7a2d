import { cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { imageReference, type LocalImage } from "../images/images.ts";
import { readOciImage } from "../images/oci-image.ts";
import type { ProvisionStep } from "../provision/step.ts";
import type { NodePrograms } from "./components.ts";

/**
 * The images that every node has are imported and unpacked once, into a containerd root in the cache. A new node
 * gets a root of its own that shares their content, so that its first Pod does not wait for a pull: kubelet finds
 * these images by their name, and asks the registry for every other.
 */

const contentDir = "io.containerd.content.v1.content";
const metadataDir = "io.containerd.metadata.v1.bolt";
const snapshotterDir = "io.containerd.snapshotter.v1.overlayfs";

/**
 * `$1` the folder to fill, `$2` containerd, `$3` ctr, then name, digest and folder of each image. Runs in
 * namespaces of its own. The digest becomes a name too, as it does in a pull.
 */
const script = `
dir=$1 containerd=$2 ctr=$3; shift 3
mount -t tmpfs tmpfs /run
"$containerd" --config "$dir/config.toml" >"$dir/containerd.log" 2>&1 & daemon=$!
until "$ctr" version >/dev/null 2>&1; do kill -0 "$daemon"; sleep 0.1; done
images() { "$ctr" --namespace k8s.io images "$@"; }
while [ $# -gt 0 ]; do
  tar -C "$3" -cf - . | images import --snapshotter overlayfs --digests --base-name "\${1%:*}" -
  images tag "\${1%:*}@$2" "$1"
  shift 3
done
kill "$daemon"
wait "$daemon"
`;

/** The step that unpacks images as containerd keeps them. Needs root. */
export async function imageStoreStep(
  programs: NodePrograms,
  images: readonly LocalImage[],
): Promise<ProvisionStep<"root">> {
  const named = images.map(async (image) => {
    const { manifest } = await readOciImage(image.dir);
    return [imageReference(image), manifest.digest, image.dir];
  });
  const imageArgs = (await Promise.all(named)).flat();
  return {
    name: "image-store",
    version: "1",
    inputs: [programs.containerd, ...imageArgs, script],
    provides: { root: "root" },
    build: async (dir, context) => {
      const config = `version = 2\nroot = "${dir}/root"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n`;
      await writeFile(join(dir, "config.toml"), config);
      const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
      const shell = ["sh", "-euc", script, "unpack", dir, programs.containerd, programs.ctr];
      await context.run("unshare", [...namespaces, ...shell, ...imageArgs]);
    },
  };
}

/**
 * Makes a containerd root with the images of a store. The store is only read: its databases are copied, and the
 * layers, which containerd never writes to once they are unpacked, stay where they are.
 */
export async function shareImages(store: string, root: string): Promise<void> {
  await mkdir(join(root, snapshotterDir, "snapshots"), { recursive: true });
  await cp(join(store, contentDir), join(root, contentDir), { recursive: true });
  await cp(join(store, metadataDir), join(root, metadataDir), { recursive: true });
  await cp(join(store, snapshotterDir, "metadata.db"), join(root, snapshotterDir, "metadata.db"));
  for (const layer of await readdir(join(store, snapshotterDir, "snapshots"))) {
    const [from, to] = [store, root].map((dir) => join(dir, snapshotterDir, "snapshots", layer));
    await symlink(from ?? "", to ?? "");
  }
}
