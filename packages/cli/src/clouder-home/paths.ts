import { homedir } from "node:os";
import { join } from "node:path";
import { type CommandContext, variable } from "../command/context.ts";

/** The clouds that node scaling knows. */
export type Cloud = "azure" | "aws";

/** Where clouder keeps its files: `~/.clouder`. */
function clouderHome(context: CommandContext): string {
  return join(variable(context, "HOME") ?? homedir(), ".clouder");
}

/** The credentials that `clouder <cloud> configure` stores. */
export function credentialsPath(context: CommandContext, cloud: Cloud): string {
  return join(clouderHome(context), "clouds", cloud, `${cloud}.yaml`);
}

/** What is known of a cluster that clouder made. */
export function clusterPath(context: CommandContext, cluster: string): string {
  return join(clouderHome(context), "kubeadm", cluster, "kubeadm.json");
}

/** The Helm values of a cluster; without a cluster, those for any. */
export function valuesPath(context: CommandContext, cloud: Cloud, cluster: string | undefined): string {
  const name = `datalayer-operator-${cloud}.json`;
  return join(clouderHome(context), "kubeadm", ...(cluster === undefined ? [] : [cluster]), name);
}

/** Whether a name can be that of a folder, and of none elsewhere: contexts may be called anything. */
export function isFolderName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
}
