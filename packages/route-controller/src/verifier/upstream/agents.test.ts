import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ForbiddenAddressError } from "@datalayer/shared/http/guarded-agent";
import { administratorsAgent, authorsAgent } from "./agents.ts";
import { get } from "./get.ts";

const guarded = authorsAgent();
const plain = administratorsAgent();
const server = createServer((_request, response) => response.end("reached"));
let port: number;

beforeAll(async () => {
  // All addresses of this machine, however they are written.
  server.listen(0, "::");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  await Promise.all([guarded.close(), plain.close()]);
  server.closeAllConnections();
  server.close();
});

const limits = { timeoutMs: 20_000, longestBodyBytes: 1_000 };

describe("connections to addresses that authors of Routes chose", () => {
  it.each([
    "127.0.0.1",
    "127.9.9.9",
    "localhost",
    "0.0.0.0",
    "2130706433",
    "0x7f.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
  ])("do not lead to this machine as %s", async (host) => {
    const asked = get(`http://${host}:${port}/`, { dispatcher: guarded, ...limits });
    await expect(asked).rejects.toThrow(ForbiddenAddressError);
  });

  it.each(["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "100.100.100.200", "224.0.0.1"])(
    "do not lead to %s, where clouds have their metadata",
    async (host) => {
      const asked = get(`http://${host}/latest`, { dispatcher: guarded, ...limits });
      await expect(asked).rejects.toThrow(ForbiddenAddressError);
    },
  );
});

describe("connections to addresses that administrators chose", () => {
  it("lead everywhere", async () => {
    const answer = await get(`http://127.0.0.1:${port}/`, { dispatcher: plain, ...limits });
    expect(answer).toMatchObject({ status: 200, body: "reached" });
  });

  it("end with an answer that is too long", async () => {
    const asked = get(`http://127.0.0.1:${port}/`, { dispatcher: plain, ...limits, longestBodyBytes: 6 });
    await expect(asked).rejects.toThrow("longer than 6 bytes");
  });
});
