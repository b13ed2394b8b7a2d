import { basePathOf, type RuntimeAddress } from "@datalayer/shared/runtime/base-path";
import { jupyterPort } from "@datalayer/shared/runtime/names";

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
