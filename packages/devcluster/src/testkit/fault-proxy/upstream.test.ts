import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { makeCertificate } from "../certificate.ts";
import { openUpstream, type Upstream } from "./upstream.ts";

describe("given a kubeconfig whose user has a client certificate", () => {
  let directory: string;
  let upstream: Upstream;
  let closeServer: () => Promise<unknown>;

  beforeAll(async () => {
    const { key, cert } = await makeCertificate({ ip: "127.0.0.1", name: "fault-proxy" });
    const server = createServer(
      { key, cert, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const { socket } = request;
        const isCertified = socket instanceof TLSSocket && "subject" in socket.getPeerCertificate();
        response.end(isCertified ? "certificate" : "no certificate");
      },
    );
    await once(server.listen(0, "127.0.0.1"), "listening");
    closeServer = () => once(server.close(), "close");
    const { port } = server.address() as AddressInfo;
    directory = await mkdtemp(join(tmpdir(), "upstream-"));
    const path = join(directory, "kubeconfig.yaml");
    await writeFile(path, kubeconfig(`https://127.0.0.1:${port}`, { key, cert }));
    upstream = await openUpstream(path);
  });
  afterAll(async () => {
    await upstream.close();
    await closeServer();
    await rm(directory, { recursive: true });
  });

  const answerTo = async (headers: string[]) => {
    const { body } = await upstream.send({ method: "GET", url: "/", headers, body: undefined });
    return body.text();
  };

  it("shows the certificate for a request without credentials", async () => {
    expect(await answerTo([])).toBe("certificate");
  });

  it("does not lend it to a client that has a token of its own", async () => {
    expect(await answerTo(["Authorization", "Bearer restricted"])).toBe("no certificate");
  });
});

function kubeconfig(server: string, { key, cert }: { key: string; cert: string }): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const user = { "client-key-data": base64(key), "client-certificate-data": base64(cert) };
  return stringify({
    "current-context": "a",
    clusters: [{ name: "a", cluster: { server, "certificate-authority-data": base64(cert) } }],
    users: [{ name: "a", user }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  });
}
