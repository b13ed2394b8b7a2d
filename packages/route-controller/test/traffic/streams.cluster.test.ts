import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { beforeAll, describe, expect, it } from "vitest";
import type { ResolvedRoute } from "../../src/backends/backend.ts";
import { ask, openStream, openWebSocket } from "../client.ts";
import { startEcho } from "../echo.ts";
import { resolvedRule, resolvedTarget } from "../resolved-route.ts";
import { ruleFor, type Stage, startStage } from "./stage.ts";

let stage: Stage;

/** Nothing may get in the way of streams, but for a limit of the body, which holds answers back. */
const routes: Record<string, Partial<ResolvedRoute>> = {
  plain: { rules: [ruleFor("/")] },
  guarded: {
    rules: [ruleFor("/")],
    policy: {
      ipAllow: ["0.0.0.0/0"],
      rateLimit: { requests: 1_000, burst: 1_000 },
      cors: { origins: ["https://lab.test"] },
      retry: { attempts: 2 },
      sticky: {},
      compression: {},
      circuitBreaker: { errorPercent: 50 },
      timeouts: { backend: "60s" },
    },
  },
  mirrored: { rules: [ruleFor("/", { mirror: { service: { name: "copy", port: 80 }, percent: 100 } })] },
};

beforeAll(async () => {
  stage = await startStage();
  await stage.cluster.serve("target", [await startEcho("target")]);
  await stage.cluster.serve("copy", [await startEcho("copy")]);
});

describe.each(Object.keys(routes))("given a %s Route", (name) => {
  const host = `${name}.test`;

  beforeAll(() => stage.serve(name, routes[name]));

  it("a WebSocket passes", async () => {
    const socket = await openWebSocket(`${stage.traefik.url}/kernels/1/channels`, { host });
    expect(await socket.exchange("one")).toBe("target: one");
    expect(await socket.exchange("two")).toBe("target: two");
    await socket.close();
  });

  it.each(["/stream", "/events/stream"])("what %s sends is seen before it ends", async (path) => {
    const stream = await openStream(`${stage.traefik.url}${path}`, {
      host,
      headers: { "accept-encoding": "identity" },
    });
    expect(stream.first).toBe("target\n");
    await stage.ask(name, "/stream/finish");
    expect(await stream.rest()).toBe("end\n");
  });

  it("server-sent events are seen at once also by a browser, which takes compressed answers", async () => {
    const headers = { "accept-encoding": "gzip, br, zstd" };
    const stream = await openStream(`${stage.traefik.url}/events/stream`, { host, headers });
    expect(stream.first).toBe("target\n");
    await stage.ask(name, "/stream/finish");
    expect(await stream.rest()).toBe("end\n");
  });

  it("16 MiB arrive whole, in both directions", async () => {
    const body = Buffer.alloc(16 * 2 ** 20, "0123456789abcdef");
    const { json } = await stage.ask(name, "/upload", { method: "PUT", body });
    expect(json?.body.length).toBe(body.length);
    expect(json?.body === body.toString()).toBe(true);
  });
});

describe("a target of protocol", () => {
  it("h2c is spoken to by HTTP/2", async () => {
    await stage.cluster.serve("h2c", [await startEcho("h2c", { protocol: "h2c" })]);
    const target = resolvedTarget({ service: { name: "h2c", port: 80 }, protocol: "h2c" });
    await stage.serve("by-h2c", { rules: [resolvedRule({ targets: [target] })] });
    expect((await stage.ask("by-h2c", "/a")).json).toMatchObject({ echo: "h2c", url: "/a" });
  });

  it("https is spoken to by TLS, and not trusted where Traefik does not trust its certificate", async () => {
    const tls = await startEcho("https", { protocol: "https" });
    await stage.cluster.serve("https", [tls]);
    const target = resolvedTarget({ service: { name: "https", port: 80 }, protocol: "https" });
    await stage.serve("by-https", { rules: [resolvedRule({ targets: [target] })] });
    expect((await stage.ask("by-https", "/")).status).toBe(500);
    const [trusting] = await stage.cluster.startTraefiks(1, {
      args: ["--serverstransport.insecureskipverify=true"],
    });
    const answer = await eventually(
      async () => {
        const got = await ask(`${trusting?.url ?? ""}/a`, { host: "by-https.test" });
        return got.status === 200 && got;
      },
      { message: "a Traefik that trusts it" },
    );
    expect(answer.json).toMatchObject({ echo: "https", url: "/a" });
  });

  it("https is trusted with a certificate of an authority of Traefik for the address of the endpoint", async () => {
    const address = await podAddress();
    const [named, unnamed] = await Promise.all(
      [address, "192.0.2.1"].map((ip) => makeCertificate({ ip, name: "service.test" })),
    );
    const rootCas = [named!.cert, unnamed!.cert].join("\n");
    const { cluster } = stage;
    const [trusting] = await cluster.startTraefiks(1, { args: [`--serverstransport.rootcas=${rootCas}`] });
    await startEcho("named", { protocol: "https", address, identity: named! });
    const other = await startEcho("unnamed", { protocol: "https", identity: unnamed! });
    for (const [name, echo] of [
      ["named", { address }],
      ["unnamed", other],
    ] as const) {
      await cluster.serve(name, [echo]);
      const target = resolvedTarget({ service: { name, port: 80 }, protocol: "https" });
      await stage.serve(`by-${name}`, { rules: [resolvedRule({ targets: [target] })] });
    }
    const statusOf = async (name: string): Promise<number> =>
      (await ask(`${trusting?.url ?? ""}/`, { host: `by-${name}.test` })).status;
    await eventually(async () => (await statusOf("named")) === 200, {
      message: "a certificate that is trusted",
    });
    await eventually(async () => (await statusOf("unnamed")) === 500, { message: "one that is not" });
  });
});
