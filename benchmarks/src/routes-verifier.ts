import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { isTrue } from "@datalayer/shared/controller/conditions";
import { Route, type RouteAuth } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { routeControllerArgs } from "@datalayer/tools/start/controller";
import getPort from "get-port";
import { Pool } from "undici";
import { median, round } from "./measure/summary.ts";
import { namespace } from "./setup/bench-cluster.ts";
import { ControllerProcess } from "./setup/controller-process.ts";
import { type RouteStage, targetName, targetPort } from "./setup/route-stage.ts";

const verifierAccount = "datalayer-verifier-sa";
const className = "bench-verified";
const readyWithinMs = 120_000;
/** Requests of each kind, for each sample that was asked for. */
const requestsPerSample = 20;
const connections = 16;
const rateRequests = 8_000;

/** An issuer of tokens. */
interface Issuer {
  url: string;
  /** Signs a token for somebody. */
  tokenFor: (subject: string) => string;
  stop: () => void;
}

/**
 * Measures what the verifier adds to a request: the same target behind a Route without authentication, one request
 * after the other and in turn, so that both meet the same machine.
 */
export async function benchVerifier(stage: RouteStage): Promise<Record<string, unknown>> {
  const issuer = await startIssuer(stage.targetAddress);
  const port = await getPort();
  const [controller, verifier] = await Promise.all([stage.launch(), launchVerifier(stage, port)]);
  try {
    await createClass(stage, port);
    const jwt = { issuer: issuer.url, jwksUrl: `${issuer.url}/keys`, audiences: ["bench"] };
    const [open, verified] = await Promise.all([
      createRoute(stage, "open", { none: {} }),
      createRoute(stage, "verified", { jwt }),
    ]);
    const latency = await stage.progress.task("verified requests", () => latencies(stage, issuer));
    const token = issuer.tokenFor("user-1");
    const rate = await stage.progress.task("questions", () => questionsPerSecond(port, verified, token));
    for (const { metadata } of [open, verified])
      await stage.admin.delete(Route, metadata, { uid: metadata.uid });
    return { ...latency, verifierRequestsPerSecond: rate };
  } finally {
    await Promise.all([controller.stop(), verifier.stop()]);
    issuer.stop();
  }
}

async function launchVerifier({ kubeconfigOf }: RouteStage, port: number): Promise<ControllerProcess> {
  return ControllerProcess.start({
    name: "bench-verifier",
    kubeconfig: await kubeconfigOf(verifierAccount),
    args: [...routeControllerArgs, "verifier"],
    settings: { DATALAYER_VERIFIER_PORT: String(port), DATALAYER_VERIFIER_DRAIN_DELAY: "0s" },
  });
}

async function startIssuer(address: string): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "bench", alg: "ES256", use: "sig" }];
  const server = createServer((_, response) => response.end(JSON.stringify({ keys })));
  server.listen(0, address);
  await once(server, "listening");
  const url = `http://${address}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    tokenFor: (subject) => signed({ iss: url, aud: "bench", sub: subject }, privateKey),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function signed(claims: Record<string, string>, privateKey: KeyObject): string {
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  const parts = [
    { alg: "ES256", kid: "bench" },
    { ...claims, exp },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

async function createClass({ admin, traefik }: RouteStage, port: number): Promise<void> {
  const { apiVersion, kind } = RouteClass;
  await admin.create(RouteClass, {
    apiVersion,
    kind,
    metadata: { name: className },
    spec: {
      hosts: [{ pattern: "*", namespaces: ["*"] }],
      traefik: { urls: { api: traefik.apiUrl, http: traefik.url } },
      verifier: { url: `http://127.0.0.1:${port}` },
    },
  });
}

/** Creates a Route for `http://<name>.test/`, which serves on return. */
async function createRoute({ admin }: RouteStage, name: string, auth: RouteAuth): Promise<Route> {
  const route = await admin.create(Route, {
    apiVersion: Route.apiVersion,
    kind: Route.kind,
    metadata: { namespace, name },
    spec: {
      routeClassName: className,
      hosts: [`${name}.test`],
      auth,
      rules: [{ targets: [{ service: { name: targetName }, port: targetPort }] }],
    },
  });
  const isReady = async (): Promise<boolean> => {
    const { status } = await admin.get(Route, route.metadata);
    return isTrue(status?.conditions ?? [], "Ready");
  };
  await eventually(isReady, { timeoutMs: readyWithinMs, message: `the Route ${name} to be ready` });
  return route;
}

/** What requests take: open, with a token that was seen before, and with one that was not. */
async function latencies(
  { traefik, options, signal }: RouteStage,
  issuer: Issuer,
): Promise<Record<string, number>> {
  const pool = new Pool(traefik.url, { connections: 1 });
  const known = issuer.tokenFor("user-1");
  const kinds = {
    open: () => ({ host: "open.test" }),
    known: () => ({ host: "verified.test", authorization: `Bearer ${known}` }),
    fresh: () => ({ host: "verified.test", authorization: `Bearer ${issuer.tokenFor(randomUUID())}` }),
  };
  const times: Record<keyof typeof kinds, number[]> = { open: [], known: [], fresh: [] };
  try {
    for (let index = 0; index < options.samples * requestsPerSample; index++) {
      signal.throwIfAborted();
      for (const kind of Object.keys(kinds) as (keyof typeof kinds)[])
        times[kind].push(await timed(pool, "/", kinds[kind]()));
    }
  } finally {
    await pool.close();
  }
  const openMs = median(times.open);
  return {
    openP50Ms: round(openMs),
    verifierAddedP50Ms: round(median(times.known) - openMs),
    verifierNewTokenAddedP50Ms: round(median(times.fresh) - openMs),
  };
}

async function timed(pool: Pool, path: string, headers: Record<string, string>): Promise<number> {
  const startMs = performance.now();
  const { statusCode, body } = await pool.request({ method: "GET", path, headers });
  await body.dump();
  if (statusCode !== 200) throw new Error(`${headers["host"] ?? path} answered with ${statusCode}`);
  return performance.now() - startMs;
}

/** Questions that one verifier answers per second, past Traefik. */
async function questionsPerSecond(port: number, { metadata }: Route, token: string): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections });
  const headers = {
    authorization: `Bearer ${token}`,
    "x-forwarded-method": "GET",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "verified.test",
    "x-forwarded-uri": "/",
    "x-forwarded-for": "203.0.113.9",
  };
  let left = rateRequests;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await timed(pool, `/verify/${metadata.uid}`, headers);
  };
  try {
    const startMs = performance.now();
    await Promise.all(Array.from({ length: connections }, worker));
    return round((rateRequests / (performance.now() - startMs)) * 1000);
  } finally {
    await pool.close();
  }
}
