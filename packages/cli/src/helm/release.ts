/** A release as `helm list -o json` shows it. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** Of the last operation. */
  readonly revision: string;
  /** When the last operation began: RFC 3339, or as Go writes a time. */
  readonly updated: string;
  readonly status: ReleaseStatus;
  /** Name and version: `operator-0.1.0`. */
  readonly chart: string;
  readonly app_version: string;
}

/** In which state the last operation left a release, or is. */
export type ReleaseStatus =
  | "unknown"
  | "deployed"
  | "uninstalled"
  | "superseded"
  | "failed"
  | "uninstalling"
  | "pending-install"
  | "pending-upgrade"
  | "pending-rollback";

/** Whether an operation on it has begun and not ended. */
export function isPending({ status }: Release): boolean {
  return status.startsWith("pending-");
}

/** `operator` of `operator-0.1.0`. */
export function chartName({ chart }: Release): string {
  return chart.replace(/-v?\d+\..*$/, "");
}

/** `0.1.0` of `operator-0.1.0`. */
export function chartVersion(release: Release): string {
  return release.chart.slice(chartName(release).length + 1);
}
