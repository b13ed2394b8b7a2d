/** A moment as statuses have it: in whole seconds, so that it reads back as it was written. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
