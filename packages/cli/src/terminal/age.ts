const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span of time as kubectl writes it: `45s`, `12m`, `5h20m`, `3d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 2 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 10 * HOUR) {
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    return `${Math.floor(seconds / HOUR)}h${minutes === 0 ? "" : `${minutes}m`}`;
  }
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  return `${Math.floor(seconds / DAY)}d`;
}

/** The time since an RFC 3339 time; `<unknown>` when there is none. */
export function ageOf(time: string | undefined, nowMs: number): string {
  const thenMs = Date.parse(time ?? "");
  return Number.isNaN(thenMs) ? "<unknown>" : age(nowMs - thenMs);
}
