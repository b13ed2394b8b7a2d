import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** What the environment of the process decides. */
export interface Settings {
  /** Where provisioned components are kept; safe to delete while no cluster runs. */
  cacheDir: string;
  /** Where each cluster keeps its files, one folder per cluster below `clusters`. */
  stateDir: string;
  /** `KUBEBUILDER_ASSETS`: a folder with ready-made etcd, kube-apiserver and kubectl. */
  assetsDir: string | undefined;
  /** `DEVCLUSTER_KUBECONFIG`: a running cluster that tests use instead of starting one. */
  sharedKubeconfig: string | undefined;
  /** `PATH` as it is. */
  path: string;
  /** Folders that are searched for installed programs, first match wins. */
  searchPath: readonly string[];
}

/** Where Debian keeps programs for root; a plain user's PATH often lacks them. */
const systemProgramDirs = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Reads the settings of this process; an empty variable counts as unset. */
export function readSettings(
  // eslint-disable-next-line no-restricted-properties -- the one place where devcluster reads its environment
  env: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const value = (name: string) => env[name] || undefined;
  const home = value("HOME") ?? homedir();
  const path = value("PATH") ?? "";
  return {
    cacheDir: join(value("XDG_CACHE_HOME") ?? join(home, ".cache"), "datalayer-operator"),
    stateDir: join(value("XDG_STATE_HOME") ?? join(home, ".local", "state"), "datalayer-operator"),
    assetsDir: value("KUBEBUILDER_ASSETS"),
    sharedKubeconfig: value("DEVCLUSTER_KUBECONFIG"),
    path,
    searchPath: [...path.split(delimiter).filter((dir) => dir !== ""), ...systemProgramDirs],
  };
}
