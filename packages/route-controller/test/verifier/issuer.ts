import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** A key pair of an issuer. */
export interface SigningKey {
  kid: string;
  alg: string;
  publicKey: CryptoKey;
  privateKey: CryptoKey;
  /** With `kid` and `alg`, as it stands among the published keys. */
  jwk: JWK;
}

/** Makes a key pair. */
export async function signingKey(kid: string, alg = "ES256"): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, publicKey, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** The audience of every token, unless a test says otherwise. */
export const audience = "notebooks";

/** Signs a token that is valid for five minutes; `claims` stand over the usual ones, undefined removes one. */
export function sign(
  key: Pick<SigningKey, "alg" | "privateKey"> & { kid?: string },
  issuer: string,
  { claims = {}, nowMs = Date.now() }: { claims?: JWTPayload; nowMs?: number } = {},
): Promise<string> {
  const nowSeconds = Math.floor(nowMs / 1_000);
  const usual = { iss: issuer, aud: audience, sub: "user-1", iat: nowSeconds, exp: nowSeconds + 300 };
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: key.alg, ...(key.kid !== undefined && { kid: key.kid }) })
    .sign(key.privateKey);
}

/** An issuer of tokens: a server with its public keys. */
export interface Issuer {
  /** The claim `iss` of its tokens. */
  readonly url: string;
  readonly jwksUrl: string;
  /** What it publishes; a test may change it. */
  keys: unknown[];
  /** The status that it answers with; 200 at first. */
  status: number;
  /** How often its keys were read. */
  readonly reads: number;
}

/** Starts an issuer with these keys, until the test file ends. @param address - default: loopback. */
export async function startIssuer(keys: readonly SigningKey[], address = "127.0.0.1"): Promise<Issuer> {
  let reads = 0;
  const server = createServer((_request, response) => {
    reads++;
    response.writeHead(issuer.status, { "content-type": "application/json" });
    response.end(JSON.stringify({ keys: issuer.keys }));
  });
  server.listen(0, address);
  await once(server, "listening");
  afterFile(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const url = `http://${address}:${(server.address() as AddressInfo).port}`;
  const issuer = {
    url,
    jwksUrl: `${url}/keys`,
    keys: keys.map(({ jwk }) => jwk) as unknown[],
    status: 200,
    get reads() {
      return reads;
    },
  };
  return issuer;
}
