import { Registry } from "prom-client";
import { beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { Health } from "./health.ts";
import { createOpsApp } from "./ops-app.ts";

let health: Health;

beforeEach(() => {
  health = new Health();
});

async function get(url: string) {
  const app = createOpsApp({ log: silentLogger, health, registry: new Registry() });
  const { statusCode, body } = await app.inject({ url });
  return [statusCode, body];
}

describe("the probes", () => {
  it("pass when no check fails", async () => {
    health.addReadiness("caches", () => undefined);
    expect(await get("/readyz")).toEqual([200, "ok\n"]);
    expect(await get("/readyz?verbose")).toEqual([200, "[+]caches ok\nreadyz check passed\n"]);
  });

  it("say which check failed, and why", async () => {
    health.addReadiness("caches", () => "waiting for pods");
    health.addReadiness("crds", () => Promise.resolve(undefined));
    const listing = "[-]caches failed: waiting for pods\n[+]crds ok\nreadyz check failed\n";
    expect(await get("/readyz")).toEqual([503, listing]);
    expect(await get("/livez")).toEqual([200, "ok\n"]);
  });

  it.each([
    ["throws", () => raise(new Error("broken"))],
    ["rejects", () => Promise.reject(new Error("broken"))],
  ])("count a check that %s as failed", async (_how, check) => {
    health.addLiveness("loop", check);
    expect(await get("/livez")).toEqual([503, "[-]loop failed: broken\nlivez check failed\n"]);
  });

  it("do not wait for a check that never answers", async () => {
    health.addLiveness("loop", () => new Promise(() => undefined));
    expect(await get("/livez")).toEqual([
      503,
      "[-]loop failed: no answer within 900 ms\nlivez check failed\n",
    ]);
  });

  it("turn not ready, and stay alive, when the process shuts down", async () => {
    health.shutDown();
    const [status, body] = await get("/readyz");
    expect([status, body]).toEqual([
      503,
      "[-]shutdown failed: the process is shutting down\nreadyz check failed\n",
    ]);
    expect(await get("/livez")).toEqual([200, "ok\n"]);
  });

  function raise(error: Error): never {
    throw error;
  }
});

describe("the operations port", () => {
  it("serves the metrics", async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ a: "b" });
    const app = createOpsApp({ log: silentLogger, health, registry });
    const reply = await app.inject({ url: "/metrics" });
    expect(reply.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it("serves nothing else", async () => {
    const [status, body] = await get("/api/operator/version");
    expect(status).toBe(404);
    expect(JSON.parse(String(body))).toMatchObject({ status: 404, success: false });
  });
});
