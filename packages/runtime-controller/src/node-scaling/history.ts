import type { HistoryEvent } from "./state.ts";

/** How much is remembered. */
export interface HistoryLimits {
  /** Events kept; the oldest are dropped. */
  readonly mostEvents: number;
  /** The same is not remembered again within this time. */
  readonly dedupMs: number;
}

const mostCharacters = 500;

/** The history with these events, without those that it has just been told. */
export function withEvents(
  history: readonly HistoryEvent[],
  events: readonly HistoryEvent[],
  { mostEvents, dedupMs }: HistoryLimits,
): readonly HistoryEvent[] {
  const all = [...history];
  for (const { at, reason, message } of events) {
    const event = { at, reason, message: message.slice(0, mostCharacters) };
    const isTold = all.some(
      (old) => old.reason === event.reason && old.message === event.message && at - old.at < dedupMs,
    );
    if (!isTold) all.push(event);
  }
  return all.slice(-mostEvents);
}
