import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";

/** A service that is asked about requests, such as the platform's sign-in. */
export interface AuthService {
  readonly url: string;
  /** The questions that it got. */
  readonly questions: IncomingHttpHeaders[];
  stop(): Promise<void>;
}

/** Lets in whoever shows `Bearer good` or the cookie `session=good`, as user-7; forbids `Bearer banned`; refuses the rest. */
export async function startAuthService(address: string): Promise<AuthService> {
  const questions: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    questions.push(request.headers);
    const statuses: Record<string, number> = {
      "Bearer good": 200,
      "session=good": 200,
      "Bearer banned": 403,
    };
    const { authorization, cookie } = request.headers;
    const status = statuses[authorization ?? cookie ?? ""] ?? 401;
    response.writeHead(status, {
      "x-user-id": "user-7",
      "x-internal": "not for targets",
      ...(status === 401 && { "www-authenticate": 'Bearer realm="iam"' }),
    });
    response.end("{}");
  });
  server.listen(0, address);
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.closeAllConnections();
    server.close();
    await closed;
  };
  afterFile(stop);
  const { port } = server.address() as AddressInfo;
  return { url: `http://${address}:${port}/api/iam/v1/auth`, questions, stop };
}
