import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { provideBuildkit } from "../images/buildkit.ts";
import { provideNodePrograms } from "../node/components.ts";
import { run } from "../process/run.ts";
import { readSettings } from "../settings.ts";
import { testProvisioner } from "./test-provisioner.ts";

/** A build without Kubernetes. */
export interface BuildByHand {
  /** What follows `buildctl build`. */
  args: readonly string[];
  /** The daemon's configuration. */
  buildkitdToml: string;
}

/**
 * Runs `buildctl build` on this machine with a daemon of its own, as root and with nothing in its cache, and resolves
 * with its metadata (`containerimage.digest` and so on). The measure of what builds in Pods cost. Needs root.
 */
export async function buildByHand(build: BuildByHand): Promise<Record<string, unknown>> {
  const dir = await mkdtemp(join(tmpdir(), "build-by-hand-"));
  try {
    return await buildIn(dir, build);
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function buildIn(dir: string, build: BuildByHand): Promise<Record<string, unknown>> {
  const { searchPath } = readSettings();
  const provisioner = testProvisioner();
  const { buildkitd, buildctl, daemonless } = await provideBuildkit(provisioner);
  const { runc } = await provideNodePrograms(provisioner);
  const [config, metadata] = [join(dir, "buildkitd.toml"), join(dir, "metadata.json")];
  await writeFile(config, build.buildkitdToml);
  const path = [...[buildkitd, buildctl, runc].map((program) => dirname(program)), ...searchPath];
  const env = {
    PATH: path.join(delimiter),
    BUILDKITD_FLAGS: `--config=${config} --root=${join(dir, "state")}`,
    BUILDCTL_CONNECT_RETRIES_MAX: "100",
  };
  // Its socket lies below /run; and whatever it started ends with it.
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const command = [daemonless, "build", ...build.args, `--metadata-file=${metadata}`];
  const script = 'mount -t tmpfs tmpfs /run; exec "$@"';
  await run("unshare", [...namespaces, "sh", "-euc", script, "build", ...command], { env });
  return JSON.parse(await readFile(metadata, "utf8")) as Record<string, unknown>;
}
