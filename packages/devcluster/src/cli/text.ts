import type { ClusterStatus } from "../cluster/status.ts";
import { formatDuration } from "../progress/progress.ts";

/** Lines for a POSIX shell by which programs find a cluster, and the shell finds its programs. */
export function exportLines(cluster: { kubeconfigPath: string; programDirs: readonly string[] }): string {
  const kubeconfig = quote(cluster.kubeconfigPath);
  const path = [...cluster.programDirs.map(quote), '"$PATH"'].join(":");
  return [
    `export KUBECONFIG=${kubeconfig}`,
    `export DEVCLUSTER_KUBECONFIG=${kubeconfig}`,
    `export PATH=${path}`,
  ].join("\n");
}

/** In single quotes nothing is special but the quote itself. */
function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** A cluster as a heading and a table of its components. */
export function statusText(cluster: ClusterStatus): string {
  const heading = `${cluster.name}: ${cluster.state}, nodes: ${cluster.nodes}, ${cluster.server ?? "no server yet"}`;
  const addresses = Object.entries(cluster.addresses).map(([name, address]) => `${name}: ${address}`);
  const rows = cluster.components.map((component) => [
    component.name,
    component.uptimeMs === undefined ? "ended" : formatDuration(component.uptimeMs),
    String(component.pid),
    component.port === undefined ? "-" : String(component.port),
    component.logPath,
  ]);
  const lines = rows.length === 0 ? [] : table([["COMPONENT", "UP", "PID", "PORT", "LOG"], ...rows]);
  return [heading, ...addresses, ...lines].join("\n");
}

/** Rows with their columns aligned to the left. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
