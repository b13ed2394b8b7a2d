import { notImplemented } from "@datalayer/shared/http/problem";

/** Refuses the snapshot that published clients may name in `from`. @throws Problem 501 when one is named. */
export function refuseSnapshot(from: string | undefined): void {
  if (from !== undefined) throw notImplemented("from is not supported yet; leave it out");
}
