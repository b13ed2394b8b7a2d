import { X509Certificate } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import type { TokenIssuer } from "@datalayer/devcluster/testkit/registry";
import { importPKCS8, SignJWT } from "jose";

/** A request for a token. */
export interface TokenAsked {
  method: string;
  headers: IncomingHttpHeaders;
  parameters: URLSearchParams;
}

/** What gives out the tokens of a real registry, which checks them. */
export interface TestIssuer extends TokenIssuer {
  /** Every request for a token, the oldest first. */
  readonly asked: TokenAsked[];
  /** Who gets tokens that are good for something: name and password, or a refresh token. */
  readonly login: { username: string; password: string; refreshToken: string };
  /** How long the tokens say that they are good for, in seconds. */
  lifeSeconds: number;
}

const name = "issuer.test";
const port = 5002;

/** Starts an issuer, until the test file ends. */
export async function startTokenIssuer(): Promise<TestIssuer> {
  const address = await podAddress();
  const { cert, key } = await makeCertificate({ ip: address, name });
  const issuer: TestIssuer = {
    realm: `http://${address}:${port}/token`,
    issuer: name,
    certificate: cert,
    asked: [],
    login: { username: "builder", password: "canary-issuer-password", refreshToken: "canary-refresh-token" },
    lifeSeconds: 300,
  };
  const chain = [new X509Certificate(cert).raw.toString("base64")];
  const signer = await importPKCS8(key, "ES256");
  const sign = (scope: string | null, isKnown: boolean): Promise<string> =>
    new SignJWT({ access: isKnown ? accessOf(scope) : [] })
      .setProtectedHeader({ alg: "ES256", typ: "JWT", x5c: chain })
      .setIssuer(name)
      .setAudience("registry.test")
      .setSubject("builder")
      .setIssuedAt()
      .setNotBefore("-1m")
      .setExpirationTime("5m")
      .setJti(String(issuer.asked.length))
      .sign(signer);
  const serve = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const { method = "", url = "", headers } = request;
    const parameters =
      method === "POST" ? new URLSearchParams(await text(request)) : new URL(url, issuer.realm).searchParams;
    issuer.asked.push({ method, headers, parameters });
    const token = await sign(parameters.get("scope"), isKnown(issuer, headers, parameters));
    answer.setHeader("content-type", "application/json");
    answer.end(JSON.stringify({ token, expires_in: issuer.lifeSeconds }));
  };
  const server = createServer((request, answer) => void serve(request, answer));
  server.listen(port, address);
  await once(server, "listening");
  afterFile(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return issuer;
}

function isKnown({ login }: TestIssuer, headers: IncomingHttpHeaders, parameters: URLSearchParams): boolean {
  if (parameters.get("refresh_token") !== null) return parameters.get("refresh_token") === login.refreshToken;
  const basic = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  return headers.authorization === `Basic ${basic}`;
}

/** `repository:team/image:pull,push` as the claim that registries read. */
function accessOf(scope: string | null): { type: string; name: string; actions: string[] }[] {
  const [type = "", repository = "", actions = ""] = (scope ?? "").split(":");
  return type === "" ? [] : [{ type, name: repository, actions: actions.split(",") }];
}
