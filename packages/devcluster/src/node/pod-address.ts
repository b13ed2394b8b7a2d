import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** An address that processes of this machine may listen at. */
export interface PodAddress {
  readonly address: string;
  /** Takes it away; also done when this process ends. */
  remove: () => Promise<void>;
}

/**
 * Adds the address to this machine, says so, and removes it when its input ends: also when whoever started it was
 * killed.
 */
const keeper =
  'ip address add "$1/32" dev lo || exit 1; echo added; cat > /dev/null; ip address delete "$1/32" dev lo';

const attempts = 20;

/**
 * Adds an address of this machine alone that a Pod could have: endpoints may not be loopback (127.0.0.0/8). It is of
 * 198.18.0.0/15, which no network uses (RFC 2544). Needs root on Linux.
 */
export async function addPodAddress(): Promise<PodAddress> {
  let problem = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    const address = `198.${18 + randomInt(2)}.${randomInt(256)}.${1 + randomInt(254)}`;
    const child = spawn("sh", ["-c", keeper, "sh", address], { stdio: "pipe", detached: true });
    const exited = once(child, "exit");
    const added = await Promise.race([once(child.stdout, "data").then(() => true), exited.then(() => false)]);
    if (added) {
      const remove = async (): Promise<void> => {
        child.stdin.end();
        await exited;
      };
      return { address, remove };
    }
    problem = await text(child.stderr);
    if (!problem.includes("File exists") && !problem.includes("already assigned")) break;
  }
  throw new Error(`an address for Pods could not be added to the loopback interface: ${problem}`);
}
