import { jupyterPort } from "./names.ts";

/** What fixes the address of a runtime. */
export interface RuntimeAddress {
  pool: string;
  ulid: string;
}

/** The path under which a runtime serves, on every host; Jupyter has it as its base URL. */
export function basePathOf({ pool, ulid }: RuntimeAddress): string {
  return `/jupyter/server/${encodeURIComponent(pool)}/${ulid}`;
}

/**
 * The URL handed to the user.
 * @param publicUrl - scheme and host that lead to the runtimes; when undefined, the address of the Pod,
 *   which callers inside the cluster can reach, and the path alone while there is none.
 */
export function ingressOf(
  address: RuntimeAddress,
  { publicUrl, podIP }: { publicUrl?: string; podIP?: string },
): string {
  const podUrl = podIP === undefined ? "" : `http://${hostOf(podIP)}:${jupyterPort}`;
  const host = publicUrl ?? podUrl;
  return `${host.replace(/\/+$/, "")}${basePathOf(address)}`;
}

function hostOf(ip: string): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}
