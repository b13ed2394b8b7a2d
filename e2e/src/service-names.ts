import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Finds the addresses of the replicas behind a Service that are ready; none, where there is no such Service. */
export type Lookup = (service: string, namespace: string) => Promise<readonly string[]>;

const ofService = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/;

/** Lengths, types and codes as in RFC 1035. */
const headerBytes = 12;
const typeOfAddress = 1;
const answered = 0x8580;
const failedHere = 2;
const noSuchName = 3;

/**
 * Serves the names of Services on an address, where the Pods of a real node ask for them. A local cluster has no
 * kube-proxy: each name stands for the replicas, as that of a headless Service does. Ends with the process.
 */
export async function serveNames(address: string, lookup: Lookup): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", (query, asker) => {
    void answer(query, lookup).then((reply) => socket.send(reply, asker.port, asker.address));
  });
  socket.bind(53, address).unref();
  await once(socket, "listening");
}

async function answer(query: Buffer, lookup: Lookup): Promise<Buffer> {
  const { name, type, end } = questionOf(query);
  const [, service, namespace] = ofService.exec(name) ?? [];
  const reply = (code: number, addresses: readonly string[] = []): Buffer =>
    replyTo(query.subarray(0, end), code, addresses);
  if (service === undefined || namespace === undefined) return reply(noSuchName);
  // That there is no IPv6 address says nothing of the name.
  if (type !== typeOfAddress) return reply(0);
  try {
    const addresses = await lookup(service, namespace);
    return reply(addresses.length === 0 ? noSuchName : 0, addresses);
  } catch {
    return reply(failedHere);
  }
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function replyTo(question: Buffer, code: number, addresses: readonly string[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(answered | code, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.fill(0, 8, headerBytes);
  // Each: the name of the question, type A, class IN, to be kept for no time, four bytes.
  const records = addresses.map((address) =>
    Buffer.from([0xc0, headerBytes, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split(".").map(Number)]),
  );
  return Buffer.concat([head, ...records]);
}
