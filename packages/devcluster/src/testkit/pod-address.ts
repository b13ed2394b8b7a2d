import { addPodAddress } from "../node/pod-address.ts";
import { afterFile } from "./cluster.ts";

/** An address that a Pod could have, until the test file ends; see {@link addPodAddress}. */
export async function podAddress(): Promise<string> {
  const { address, remove } = await addPodAddress();
  afterFile(remove);
  return address;
}
