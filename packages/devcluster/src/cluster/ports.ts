import { randomInt } from "node:crypto";
import getPort from "get-port";

/** Below the kernel's range for outgoing connections, so that none of those takes a port before we listen. */
const firstPort = 20_000;
const portCount = 10_000;

/** A free TCP port on `host`. Taken at random, so that clusters started at once do not meet. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const candidates = Array.from({ length: 20 }, () => firstPort + randomInt(portCount));
  return getPort({ port: candidates, host });
}
