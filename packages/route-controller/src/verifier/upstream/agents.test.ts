import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, BlockList } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { ForbiddenAddressError } from "@datalayer/shared/http/guarded-agent";
import { administratorsAgent, authorsAgent, isRefused, lookedUpName } from "./agents.ts";
import { get } from "./get.ts";

const apiServers = new Set<string>();
const services = new BlockList();
const cluster = () => ({ apiServers, services });
const guarded = authorsAgent(cluster);
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

it("do not lead to the API server, whatever name it has, once its addresses are known", async () => {
  const address = await podAddress();
  const url = `http://${address}:${port}/`;
  const names = authorsAgent(cluster);
  expect(await get(url, { dispatcher: names, ...limits })).toMatchObject({ status: 200 });
  apiServers.add(address);
  const fresh = authorsAgent(cluster);
  for (const host of [address, `[::ffff:${address}]`]) {
    const asked = get(`http://${host}:${port}/`, { dispatcher: fresh, ...limits });
    await expect(asked).rejects.toThrow(ForbiddenAddressError);
  }
  await Promise.all([names.close(), fresh.close()]);
});

it("do not lead to an address of Services, of whatever namespace", async () => {
  const address = await podAddress();
  services.addAddress(address);
  const fresh = authorsAgent(cluster);
  for (const host of [address, `[::ffff:${address}]`]) {
    const asked = get(`http://${host}:${port}/`, { dispatcher: fresh, ...limits });
    await expect(asked).rejects.toThrow(ForbiddenAddressError);
  }
  await fresh.close();
});

it.each([
  ["10.96.0.7", "id.example.com", true],
  ["10.96.0.7", "pod-0.auth.team-a.svc.evil.test", true],
  ["10.96.0.7", "auth.team-a.svc", false],
  ["10.96.0.7", "auth.team-a.svc.cluster.local", false],
  ["10.96.0.1", "auth.team-a.svc", true],
  ["169.254.169.254", "auth.team-a.svc", true],
  ["10.0.0.1", "id.example.com", false],
])("%s is refused for %s: %s", (address, host, expected) => {
  const ranges = new BlockList();
  ranges.addSubnet("10.96.0.0", 16);
  expect(isRefused(address, host, { apiServers: new Set(["10.96.0.1"]), services: ranges })).toBe(expected);
});

it.each([
  ["id.example.com", "id.example.com."],
  ["auth.team-b", "auth.team-b."],
  ["auth.team-a.svc.cluster.local", "auth.team-a.svc"],
  ["auth.team-a.svc.evil.test", "auth.team-a.svc"],
  ["pod-0.auth.team-a.svc.evil.test", "pod-0.auth.team-a.svc.evil.test."],
  ["auth.team-a.svc", "auth.team-a.svc"],
  ["id.example.com.", "id.example.com."],
])("%s is looked up as %s", (host, expected) => {
  expect(lookedUpName(host)).toBe(expected);
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
