import { Writable } from "node:stream";
import { Registry } from "prom-client";
import { z } from "zod";
import { createLogger } from "../../log/logger.ts";
import { createApp, type App, type AppOptions } from "../app.ts";
import { unavailable } from "../problem.ts";

export const KEY = "canary-current-key-0123";
export const PREVIOUS_KEY = "canary-previous-key-456";

/** An app with a few routes that stand for a controller's, and what it has logged. */
export interface TestApp {
  app: App;
  registry: Registry;
  logged(): Promise<string>;
}

const launchSchema = z.object({
  environment_name: z.string().min(1).max(253),
  credits_limit: z.number().int().min(0).max(1_000_000).optional(),
  type: z.enum(["notebook", "cell"]).default("notebook"),
  nested: z.object({ "a/b": z.string() }).optional(),
});

export async function testApp(options: Partial<AppOptions> = {}): Promise<TestApp> {
  let text = "";
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const log = createLogger({ name: "test", level: "debug", format: "json", destination });
  const registry = new Registry();
  const app = await createApp({
    name: "test-controller",
    version: "1.2.3",
    description: "A test.",
    prefix: "/api/operator",
    log,
    registry,
    apiKeys: () => [KEY, PREVIOUS_KEY],
    ...options,
  });
  await app.register(addRoutes, { prefix: "/api/operator/v1" });
  const logged = async () => {
    await log.flush();
    return text;
  };
  return { app, registry, logged };
}

function addRoutes(app: App, _options: unknown, done: () => void): void {
  app.post("/runtimes", { schema: { body: launchSchema, problems: [409] } }, (request) => ({
    success: true,
    body: request.body,
  }));
  app.get(
    "/runtimes",
    { schema: { querystring: z.object({ limit: z.coerce.number().max(500).optional() }) } },
    () => ({
      success: true,
    }),
  );
  app.get("/runtimes/:pod_name", (request) => ({ success: true, params: request.params }));
  app.delete("/runtimes/:pod_name", () => ({ success: true }));
  app.get("/empty-pool", () => {
    throw unavailable({
      type: "pool-empty",
      detail: "No runtime is free.",
      reason: "pool_empty",
      retryAfterSeconds: 1.5,
    });
  });
  app.get("/bug", () => {
    throw new Error("secret plan at /var/run/secrets", { cause: new Error("inner") });
  });
  app.get("/wrong-answer", { schema: { response: { 200: z.object({ count: z.int() }) } } }, () => ({
    count: 1.5,
  }));
  done();
}
