import { Event } from "@datalayer/shared/kube/kinds";
import type { Cluster } from "../cluster/cluster.ts";

/** An Event, however often it happened. */
export interface EventRow {
  /** When it happened last: RFC 3339. */
  readonly lastSeen: string;
  readonly type: string;
  readonly reason: string;
  readonly object: string;
  readonly count: number;
  readonly message: string;
}

/** Reads the Events about some objects, the newest last. */
export async function gatherEvents(
  { client }: Cluster,
  { namespace, uids }: { namespace: string | undefined; uids: readonly string[] },
): Promise<EventRow[]> {
  const { items } = await client.list(Event, namespace === undefined ? {} : { namespace });
  return items
    .filter(({ regarding }) => uids.includes(regarding?.uid ?? ""))
    .map(rowOf)
    .sort((a, b) => a.lastSeen.localeCompare(b.lastSeen));
}

function rowOf(event: Event): EventRow {
  const { type = "", reason = "", note = "", regarding = {}, series } = event;
  return {
    lastSeen: lastSeen(event),
    type,
    reason,
    object: `${regarding.kind ?? ""}/${regarding.name ?? ""}`,
    count: series?.count ?? event.deprecatedCount ?? 1,
    message: note,
  };
}

/** Components old and new fill in different fields. */
function lastSeen({ series, deprecatedLastTimestamp, eventTime, metadata }: Event): string {
  const times: (string | undefined)[] = [series?.lastObservedTime, deprecatedLastTimestamp, eventTime];
  return times.find(Boolean) ?? metadata.creationTimestamp;
}
