import type { ClusterContext } from "../cluster/context.ts";
import { freePort } from "../cluster/ports.ts";
import { answersOk } from "../cluster/readiness.ts";
import { UserError } from "../errors.ts";
import { findProgram } from "../provision/provisioner.ts";
import { packageIndexStep } from "./step.ts";

/** What a package index needs of this machine, ready before anything of the cluster runs. */
export interface PackageIndexParts {
  python: string;
  /** The folder that is served. */
  root: string;
}

/** Fetches the wheels of the package index. */
export async function preparePackageIndex(context: ClusterContext): Promise<PackageIndexParts> {
  const { paths } = await context.provisioner.provide(await packageIndexStep());
  const python = await findProgram(["python3"], context.searchPath);
  if (python === undefined) {
    throw new UserError("`python3` is needed to serve the package index and not installed.");
  }
  return { python, root: paths.root };
}

/**
 * Starts an index of Python packages for builds in Pods, which reach no other: pip's `--index-url`, to be trusted
 * without TLS. Returns its URL.
 *
 * @param address of this machine, as Pods reach it
 */
export async function startPackageIndex(
  context: ClusterContext,
  { python, root }: PackageIndexParts,
  address: string,
): Promise<string> {
  const port = await freePort(address);
  const url = `http://${address}:${port}/simple/`;
  const server = ["-I", "-m", "http.server", "--bind", address, "--directory", root];
  await context.supervisor.start({
    name: "package-index",
    command: python,
    args: [...server, String(port)],
    port,
    graceful: false,
    ready: (signal) => answersOk(url, { signal }),
  });
  return url;
}
