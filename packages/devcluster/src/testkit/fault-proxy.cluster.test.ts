import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testNamespace, useCluster } from "./cluster.ts";
import {
  answer,
  delay,
  dropAfter,
  dropBefore,
  type FaultProxy,
  hold,
  type ProxiedClient,
  resetMidBody,
  startFaultProxy,
} from "./fault-proxy.ts";
import { plainClient, type PlainClient } from "./fault-proxy/plain-client.ts";

let kubeconfigPath: string;
let collection: string;
let direct: PlainClient;
let proxy: FaultProxy;
let proxied: ProxiedClient;
let client: PlainClient;

beforeAll(async () => {
  ({ kubeconfigPath } = await useCluster());
  collection = `/api/v1/namespaces/${await testNamespace()}/configmaps`;
  direct = await plainClient(kubeconfigPath);
});
afterAll(() => direct.close());

beforeEach(async () => {
  proxy = await startFaultProxy({ kubeconfigPath });
  proxied = await proxy.client("replica-a");
  client = await plainClient(proxied.kubeconfigPath);
});
afterEach(async () => {
  await proxy.close();
  await client.close();
});

interface ConfigMap {
  metadata: { name: string; uid: string; resourceVersion: string };
  data?: Record<string, string>;
}

/** Creates an object past the proxy. */
async function given(data: Record<string, string> = {}): Promise<ConfigMap> {
  const { text } = await direct.call("POST", collection, { body: { metadata: { name: newName() }, data } });
  return JSON.parse(text) as ConfigMap;
}

/** What the API server has, asked past the proxy. */
async function stored(name: string): Promise<ConfigMap | undefined> {
  const { status, text } = await direct.call("GET", `${collection}/${name}`);
  return status === 404 ? undefined : (JSON.parse(text) as ConfigMap);
}

const newName = () => `map-${randomUUID()}`;
const create = (name: string) => client.call("POST", collection, { body: { metadata: { name } } });
const setA = (name: string, signal?: AbortSignal) =>
  client.call("PATCH", `${collection}/${name}`, {
    body: [{ op: "add", path: "/data/a", value: "1" }],
    contentType: "application/json-patch+json",
    ...(signal === undefined ? {} : { signal }),
  });

describe("without faults", () => {
  it("passes requests and answers on unchanged", async () => {
    const name = newName();
    expect(await create(name)).toMatchObject({ status: 201 });
    const [through, past] = await Promise.all(
      [client, direct].map((c) => c.call("GET", `${collection}/${name}`)),
    );
    expect(through!.text).toBe(past!.text);
    expect(await client.call("GET", `${collection}/absent`)).toMatchObject({ status: 404 });
  });

  it("keeps the preconditions of a delete", async () => {
    const { metadata } = await given();
    const wrong = { body: { preconditions: { uid: randomUUID() } } };
    expect(await client.call("DELETE", `${collection}/${metadata.name}`, wrong)).toMatchObject({
      status: 409,
    });
    expect(await stored(metadata.name)).toBeDefined();
    const right = { body: { preconditions: { uid: metadata.uid } } };
    expect(await client.call("DELETE", `${collection}/${metadata.name}`, right)).toMatchObject({
      status: 200,
    });
  });

  it("passes the credentials of each client, not its own", async () => {
    const stranger = await plainClient((await proxy.client("stranger", { token: "unknown" })).kubeconfigPath);
    expect(await stranger.call("GET", collection)).toMatchObject({ status: 401 });
    await stranger.close();
  });

  it("passes WebSockets through", async () => {
    const { metadata } = await given();
    const socket = client.webSocket(`${collection}?watch=true&fieldSelector=metadata.name=${metadata.name}`);
    const message = await new Promise<string>((resolve, reject) => {
      socket.addEventListener("message", (event) => resolve(String(event.data)));
      socket.addEventListener("error", () => reject(new Error("the WebSocket failed")));
    });
    socket.close();
    expect(JSON.parse(message)).toMatchObject({
      type: "ADDED",
      object: { metadata: { name: metadata.name } },
    });
  });

  it("records every request with its outcome", async () => {
    const before = performance.now();
    const name = newName();
    await create(name);
    await create(name);
    await client.call("GET", `${collection}/${name}`);
    expect(proxy.log).toMatchObject([
      { client: "replica-a", verb: "create", resource: "configmaps", name, status: 201 },
      { client: "replica-a", verb: "create", resource: "configmaps", name, status: 409 },
      { client: "replica-a", verb: "get", resource: "configmaps", name, status: 200, body: undefined },
    ]);
    const [first] = proxy.log.commits();
    expect(JSON.parse(first!.body!)).toEqual({ metadata: { name } });
    expect(first!.startedAtMs).toBeGreaterThan(before);
    expect(first!.forwardedAtMs).toBeGreaterThanOrEqual(first!.startedAtMs);
    expect(first!.endedAtMs).toBeGreaterThan(first!.forwardedAtMs!);
  });
});

describe("a lost message", () => {
  it("leaves no object when the request is dropped", async () => {
    proxy.inject({ verb: "create", act: dropBefore() });
    const name = newName();
    await expect(create(name)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await stored(name)).toBeUndefined();
    expect(proxy.log.commits()).toEqual([]);
    expect(proxy.log[0]).toMatchObject({ fault: "dropBefore" });
    expect(proxy.log[0]!.forwardedAtMs).toBeUndefined();
  });

  it("leaves the object when only the reply is dropped", async () => {
    proxy.inject({ verb: "create", act: dropAfter() });
    const name = newName();
    await expect(create(name)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await stored(name)).toBeDefined();
    expect(proxy.log.commits()).toMatchObject([{ name, upstreamStatus: 201, fault: "dropAfter" }]);
    expect(proxy.log[0]!.status).toBeUndefined();
  });

  it("breaks a reply off in its middle", async () => {
    const { metadata } = await given({ text: "x".repeat(10_000) });
    proxy.inject({ verb: "get", act: resetMidBody() });
    await expect(client.call("GET", `${collection}/${metadata.name}`)).rejects.toThrow();
    expect(proxy.log[0]).toMatchObject({ status: 200, fault: "resetMidBody" });
  });
});

describe("a held request", () => {
  it("changes nothing until it is released", async () => {
    const { metadata } = await given({ b: "2" });
    const held = proxy.inject({ verb: "patch", name: metadata.name, act: hold() });
    const patch = setA(metadata.name);
    await held.struck();
    expect(await stored(metadata.name)).toMatchObject({ data: { b: "2" } });
    held.release();
    expect(await patch).toMatchObject({ status: 200 });
    expect(await stored(metadata.name)).toMatchObject({ data: { a: "1", b: "2" } });
  });

  it("commits at the release although its client gave up", async () => {
    const { metadata } = await given({ b: "2" });
    const held = proxy.inject({ verb: "patch", act: hold() });
    const giveUp = new AbortController();
    const patch = setA(metadata.name, giveUp.signal);
    await held.struck();
    giveUp.abort(new Error("gave up"));
    await expect(patch).rejects.toThrow("gave up");
    held.release();
    await expect.poll(() => stored(metadata.name)).toMatchObject({ data: { a: "1" } });
  });

  it("has taken effect when it is the reply that is held", async () => {
    const { metadata } = await given({ b: "2" });
    const held = proxy.inject({ verb: "patch", act: hold("reply") });
    let isAnswered = false;
    const patch = setA(metadata.name).finally(() => (isAnswered = true));
    await expect.poll(() => stored(metadata.name)).toMatchObject({ data: { a: "1" } });
    expect(isAnswered).toBe(false);
    held.release();
    expect(await patch).toMatchObject({ status: 200 });
  });

  it("never reaches the API server when the proxy closes", async () => {
    const { metadata } = await given({ b: "2" });
    const held = proxy.inject({ verb: "patch", act: hold() });
    const patch = setA(metadata.name);
    const refused = expect(patch).rejects.toThrow();
    await held.struck();
    await proxy.close();
    await refused;
    held.release();
    expect(proxy.log[0]!.forwardedAtMs).toBeUndefined();
    expect(await stored(metadata.name)).toMatchObject({ data: { b: "2" } });
  });
});

describe("an answer in place of the API server's", () => {
  it.each([
    [409, "Conflict"],
    [429, "TooManyRequests"],
    [500, "InternalError"],
    [503, "ServiceUnavailable"],
  ])("is a Status with code %i and reason %s", async (status, reason) => {
    proxy.inject({ verb: "create", act: answer(status, { retryAfter: 7 }) });
    const name = newName();
    const { status: answered, headers, text } = await create(name);
    expect(answered).toBe(status);
    expect(headers).toMatchObject({ "retry-after": "7", "content-type": "application/json" });
    expect(JSON.parse(text)).toMatchObject({ kind: "Status", status: "Failure", code: status, reason });
    expect(await stored(name)).toBeUndefined();
  });

  it("may carry nonsense", async () => {
    proxy.inject({ act: answer(503, { retryAfter: "soon", body: "<html>" }) });
    const { headers, text } = await create(newName());
    expect(headers).toMatchObject({ "retry-after": "soon", "content-type": "text/plain" });
    expect(text).toBe("<html>");
  });
});

describe("a rule", () => {
  const statuses = async (count: number) => {
    const answered: number[] = [];
    while (answered.length < count) answered.push((await client.call("GET", collection)).status);
    return answered;
  };

  it("strikes as often as told", async () => {
    const rule = proxy.inject({ verb: "list", times: 2, act: answer(500) });
    expect(await statuses(4)).toEqual([500, 500, 200, 200]);
    expect(rule.hits).toBe(2);
  });

  it("strikes the nth request only", async () => {
    proxy.inject({ verb: "list", nth: 3, act: answer(500) });
    expect(await statuses(4)).toEqual([200, 200, 500, 200]);
  });

  it("strikes until it is removed", async () => {
    const rule = proxy.inject({ resource: "configmaps", act: answer(500) });
    expect(await statuses(2)).toEqual([500, 500]);
    rule.remove();
    expect(await statuses(1)).toEqual([200]);
  });

  it("strikes only what it selects", async () => {
    const { metadata } = await given({ b: "2" });
    proxy.inject({ client: "replica-b", act: dropBefore() });
    proxy.inject({ verb: "create", act: dropBefore() });
    proxy.inject({ resource: "configmaps/status", act: dropBefore() });
    proxy.inject({ namespace: "elsewhere", act: dropBefore() });
    proxy.inject({ name: "other", act: dropBefore() });
    proxy.inject({ where: ({ body }) => body?.includes("other") ?? false, act: dropBefore() });
    expect(await setA(metadata.name)).toMatchObject({ status: 200 });
    proxy.inject({ where: ({ body }) => body?.includes("/data/a") ?? false, act: dropBefore() });
    await expect(setA(metadata.name)).rejects.toThrow();
  });

  it("adds to the others that strike the same request", async () => {
    proxy.inject({ act: delay(60) });
    proxy.inject({ act: delay(40, "reply") });
    proxy.inject({ verb: "create", act: dropAfter() });
    const name = newName();
    await expect(create(name)).rejects.toThrow();
    const [entry] = proxy.log;
    expect(entry).toMatchObject({ fault: "delay+delay+dropAfter", upstreamStatus: 201 });
    expect(entry!.forwardedAtMs! - entry!.startedAtMs).toBeGreaterThan(58);
    expect(entry!.endedAtMs! - entry!.forwardedAtMs!).toBeGreaterThan(38);
  });
});

describe("a partition", () => {
  it("keeps requests waiting until it heals", async () => {
    proxied.partition();
    const name = newName();
    const creation = create(name);
    await expect.poll(() => proxy.log).toHaveLength(1);
    expect(await stored(name)).toBeUndefined();
    proxied.heal();
    expect(await creation).toMatchObject({ status: 201 });
  });

  it("loses a request whose client gave up", async () => {
    const { metadata } = await given({ b: "2" });
    proxied.partition();
    const giveUp = new AbortController();
    const patch = setA(metadata.name, giveUp.signal);
    await expect.poll(() => proxy.log).toHaveLength(1);
    giveUp.abort(new Error("gave up"));
    await expect(patch).rejects.toThrow("gave up");
    await expect.poll(() => proxy.log[0]!.endedAtMs).toBeDefined();
    proxied.heal();
    expect(await client.call("GET", collection)).toMatchObject({ status: 200 });
    expect(await stored(metadata.name)).toMatchObject({ data: { b: "2" } });
  });

  it("keeps back the reply to what was already on its way", async () => {
    const held = proxy.inject({ verb: "create", act: hold() });
    const name = newName();
    let isAnswered = false;
    const creation = create(name).finally(() => (isAnswered = true));
    await held.struck();
    proxied.partition();
    held.release();
    await expect.poll(() => stored(name)).toBeDefined();
    expect(isAnswered).toBe(false);
    proxied.heal();
    expect(await creation).toMatchObject({ status: 201 });
  });

  it("resets and refuses connections when told so", async () => {
    proxied.partition("reset");
    await expect(create(newName())).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(proxy.log).toEqual([]);
    proxied.heal();
    expect(await create(newName())).toMatchObject({ status: 201 });
  });

  it("concerns one client", async () => {
    const other = await plainClient((await proxy.client("replica-b")).kubeconfigPath);
    proxied.partition("reset");
    expect(await other.call("GET", collection)).toMatchObject({ status: 200 });
    await other.close();
  });
});
