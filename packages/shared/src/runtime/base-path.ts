/** What fixes the address of a runtime. */
export interface RuntimeAddress {
  pool: string;
  ulid: string;
}

/** The path below which all runtimes of a pool serve. */
export function poolPathOf(pool: string): string {
  return `/jupyter/server/${encodeURIComponent(pool)}`;
}

/** The path under which a runtime serves, on every host; Jupyter has it as its base URL. */
export function basePathOf({ pool, ulid }: RuntimeAddress): string {
  return `${poolPathOf(pool)}/${ulid}`;
}
