import { once } from "node:events";
import { createServer } from "node:http";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";

/** The port of the echo servers of the conformance tests. */
const port = 3000;

/** Runs what is an image elsewhere: a server that tells each request back, with an address of its own. */
export async function runPod(admin: RestClient, pod: Pod): Promise<void> {
  const { namespace = "", name } = pod.metadata;
  const address = await podAddress();
  const server = createServer((request, response) => {
    const { method, url, headers, httpVersion } = request;
    const body = {
      path: url,
      host: headers.host,
      method,
      proto: `HTTP/${httpVersion}`,
      headers: canonical(request.headersDistinct),
      namespace,
      pod: name,
    };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  server.listen(port, address);
  await once(server, "listening");
  afterFile(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const status = {
    phase: "Running",
    conditions: ["Ready", "ContainersReady"].map((type) => ({ type, status: "True" })),
    podIP: address,
    podIPs: [{ ip: address }],
  };
  const operation = { op: "add" as const, path: "/status", value: status };
  await admin.patch(Pod, pod.metadata, [operation], { subresource: "status" });
}

/** Go's spelling of the names, which the tests compare with. */
function canonical(headers: NodeJS.Dict<string[]>): Record<string, string[]> {
  const spelled = (name: string) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== "host")
      .map(([name, values]) => [spelled(name), values ?? []]),
  );
}
