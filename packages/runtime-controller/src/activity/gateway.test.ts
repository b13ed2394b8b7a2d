import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { silentLogger } from "@datalayer/shared/log/logger";
import { describe, expect, it, onTestFinished } from "vitest";
import { runtime } from "../../test/pool-objects.ts";
import { GatewayActivity } from "./gateway.ts";

interface Replica {
  url: string;
  /** Keys of the requests. */
  keys: (string | undefined)[];
  /** What it answers. */
  told: { status?: number; body: string };
}

/** A replica of the gateway, as far as it is asked here. */
async function replica(body: unknown): Promise<Replica> {
  const made: Replica = { url: "", keys: [], told: { body: JSON.stringify(body) } };
  const server = createServer(({ url, headers }, response) => {
    made.keys.push(headers["x-api-key"] as string | undefined);
    response.writeHead(url === "/api/operator/v1/activity" ? (made.told.status ?? 200) : 404);
    response.end(made.told.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return made;
}

const a = runtime("a", { state: "assigned" });
const used = {
  observed_ms: 90_000,
  runtimes: [{ ulid: "a", pod_uid: a.uid, idle_ms: 7_000, connections: 1 }],
};

function activity(
  url: string | undefined,
  isByGateway = true,
): { clock: ManualClock; asked: GatewayActivity } {
  const clock = new ManualClock();
  const routing = { isByGateway: () => isByGateway };
  const asked = new GatewayActivity({ url, apiKey: () => "key", routing, clock, log: silentLogger });
  return { clock, asked };
}

describe("the use of runtimes through the gateway", () => {
  it("is what the gateway says, asked once for many runtimes, with the key", async () => {
    const { url, keys } = await replica(used);
    const { asked, clock } = activity(url);
    expect(await asked.clientIdleMs(a)).toBe(7_000);
    expect(await asked.clientIdleMs(runtime("b"))).toBe(90_000);
    expect(keys).toEqual(["key"]);
    await clock.advance(2_000);
    await asked.clientIdleMs(a);
    expect(keys).toHaveLength(2);
  });

  it.each([
    ["a refusal", { status: 403, body: "{}" }],
    ["an answer that is none", { body: "[]" }],
    ["an answer without end", { body: " ".repeat(5_000_000) }],
  ])("is not known after %s, and known again after an answer", async (_, told) => {
    const gateway = await replica(used);
    const { asked, clock } = activity(gateway.url);
    const good = gateway.told;
    gateway.told = told;
    expect(await asked.clientIdleMs(a)).toBeUndefined();
    gateway.told = good;
    await clock.advance(2_000);
    expect(await asked.clientIdleMs(a)).toBe(7_000);
  });

  it("is not known when nobody listens", async () => {
    expect(await activity("http://127.0.0.1:1").asked.clientIdleMs(a)).toBeUndefined();
  });

  it("is not asked for where no gateway is named, or the URL of the runtime does not lead through it", async () => {
    const { url, keys } = await replica(used);
    expect(await activity(undefined).asked.clientIdleMs(a)).toBeUndefined();
    expect(await activity(url, false).asked.clientIdleMs(a)).toBeUndefined();
    expect(keys).toEqual([]);
  });
});
