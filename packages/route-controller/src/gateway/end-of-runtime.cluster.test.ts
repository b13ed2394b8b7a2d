import { once } from "node:events";
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { json } from "node:stream/consumers";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Pod } from "@datalayer/shared/kube/kinds";
import { jupyterPort } from "@datalayer/shared/runtime/names";
import { beforeAll, describe, expect, it } from "vitest";
import { ask, openStream, openWebSocket } from "../../test/client.ts";
import { type EchoAnswer, startEcho } from "../../test/echo.ts";
import { createRuntime, startGateway, startRuntime, type TestGateway } from "../../test/gateway.ts";
import { type Harness, startHarness } from "../../test/harness.ts";

let harness: Harness;
let gateway: TestGateway;

beforeAll(async () => {
  harness = await startHarness();
  gateway = await startGateway(harness, "gateway");
});

async function runtime(ulid: string, address?: string): Promise<{ pod: Pod; address: string; url: string }> {
  const echo = await startEcho(ulid, { port: jupyterPort, ...(address !== undefined && { address }) });
  const pod = await createRuntime(harness, ulid, { address: echo.address });
  return { pod, address: echo.address, url: await gateway.served(ulid) };
}

/** Asks over one connection again and again; answers with the names of those who answered. */
async function askOften(url: string, times: number): Promise<Set<string>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const names = new Set<string>();
  for (let index = 0; index < times; index++) {
    const request = httpRequest(`${url}/${index}`, { agent }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const answer = (await json(response)) as EchoAnswer;
    names.add(answer.url === new URL(`${url}/${index}`).pathname ? answer.echo : `wrong: ${answer.url}`);
  }
  agent.destroy();
  return names;
}

describe("the end of a runtime", () => {
  it("ends what is open to it within a second, and is a 404 from then on", async () => {
    const { pod, url } = await runtime("gone");
    const socket = await openWebSocket(`${url}/`);
    const stream = await openStream(`${url}/stream`);
    const broken = stream.rest().catch(() => "broken off");
    await harness.removePod(pod);
    await eventually(async () => (await ask(`${url}/`)).status === 404);
    const noticed = performance.now();
    expect(await socket.closed).toBe(1001);
    expect(await broken).toBe("broken off");
    // The Pod was known to be gone a moment before the first 404.
    expect(performance.now() - noticed).toBeLessThan(1_000);
    expect((await gateway.activity()).runtimes).not.toContainEqual(expect.objectContaining({ ulid: "gone" }));
  });

  it("answers a request that was waiting with 503", async () => {
    const waiting = Promise.withResolvers<undefined>();
    const { address } = await startRuntime(() => waiting.resolve(undefined));
    const pod = await createRuntime(harness, "waiting", { address });
    const url = await gateway.served("waiting");
    const answer = ask(`${url}/`);
    await waiting.promise;
    await harness.removePod(pod);
    expect((await answer).status).toBe(503);
  });

  it("is not its termination: until its containers have stopped, what is open goes on", async () => {
    const echo = await startEcho("leaving", { port: jupyterPort });
    const pod = await createRuntime(harness, "leaving", { address: echo.address, nodeName: "none" });
    const url = await gateway.served("leaving");
    const socket = await openWebSocket(`${url}/`);
    await harness.admin.delete(Pod, pod.metadata, { uid: pod.metadata.uid, gracePeriodSeconds: 30 });
    await eventually(async () => (await ask(`${url}/`)).status === 503);
    expect(await socket.exchange("still here")).toBe("leaving: still here");
    await harness.setPod(pod, { address: echo.address, ready: false, phase: "Succeeded" });
    expect(await socket.closed).toBe(1001);
    await harness.removePod(pod);
  });

  it("leaves no connection to whoever gets its address or its name", async () => {
    let holder = "first";
    const openedFor = new WeakMap<object, string>();
    const { address, server } = await startRuntime(({ socket }, response) =>
      response.end(openedFor.get(socket)),
    );
    server.on("connection", (socket) => openedFor.set(socket, holder));
    const first = await createRuntime(harness, "same", { address });
    const url = await gateway.served("same");
    expect((await ask(`${url}/`)).body).toBe("first");
    await harness.removePod(first);
    holder = "second";
    await createRuntime(harness, "same", { address });
    await eventually(async () => (await ask(`${url}/`)).body === "second");
  });

  it("follows a runtime that comes back under its name elsewhere", async () => {
    const first = await runtime("moved");
    expect((await ask(`${first.url}/`)).status).toBe(200);
    const socket = await openWebSocket(`${first.url}/`);
    await harness.removePod(first.pod);
    const elsewhere = await startEcho("elsewhere", { port: jupyterPort });
    await createRuntime(harness, "moved", { address: elsewhere.address });
    await eventually(async () => (await ask(`${first.url}/`)).json?.echo === "elsewhere");
    expect(await socket.closed).toBe(1001);
    expect(await askOften(first.url, 20)).toEqual(new Set(["elsewhere"]));
  });

  it("ends what is open when the Pod has another address", async () => {
    const { pod, url } = await runtime("renumbered");
    const socket = await openWebSocket(`${url}/`);
    const other = await startEcho("other", { port: jupyterPort });
    await harness.setPod(pod, { address: other.address, ready: true });
    expect(await socket.closed).toBe(1001);
    await eventually(async () => (await ask(`${url}/`)).json?.echo === "other");
  });
});

describe("two runtimes under load", () => {
  it("never get one another's requests, answers or messages", async () => {
    const [left, right] = await Promise.all([runtime("left"), runtime("right")]);
    const chats = [left, right].flatMap(({ url }, index) =>
      Array.from({ length: 4 }, async () => {
        const socket = await openWebSocket(`${url}/`);
        const answers = new Set<string>();
        for (let turn = 0; turn < 50; turn++) answers.add(await socket.exchange(`${index}`));
        await socket.close();
        return answers;
      }),
    );
    const requests = [left, right].flatMap(({ url }) => Array.from({ length: 8 }, () => askOften(url, 100)));
    const names = await Promise.all(requests);
    expect(names.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => new Set(["left"])));
    expect(names.slice(8)).toEqual(Array.from({ length: 8 }, () => new Set(["right"])));
    const answers = await Promise.all(chats);
    expect(answers.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => new Set(["left: 0"])));
    expect(answers.slice(4)).toEqual(Array.from({ length: 4 }, () => new Set(["right: 1"])));
  });
});

describe("a gateway that ends", () => {
  it("accepts nobody, lets requests end, and then closes WebSockets with 1001", async () => {
    const { url } = await runtime("drained");
    const ending = await startGateway(harness, "ending");
    const own = await ending.served("drained");
    const socket = await openWebSocket(`${own}/`);
    const stream = await openStream(`${own}/stream`);
    const drained = ending.gateway.server.drain(new AbortController().signal);
    const refused = connect(ending.port, "127.0.0.1");
    const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
    expect(await socket.exchange("still here")).toBe("drained: still here");
    await ask(`${url}/stream/finish`);
    expect(await stream.rest()).toBe("end\n");
    expect(await socket.closed).toBe(1001);
    await drained;
  });

  it("ends what does not end by itself when its time is up", async () => {
    const ending = await startGateway(harness, "impatient");
    const { url } = await runtime("endless");
    const own = url.replace(gateway.url, ending.url);
    await ending.served("endless");
    const stream = await openStream(`${own}/stream`);
    const rest = stream.rest().catch(() => "broken off");
    await ending.gateway.server.drain(AbortSignal.abort());
    expect(await rest).toBe("broken off");
  });
});

it("reads the Pods of runtimes and the Routes to them, and has no other right", () => {
  const used = harness.proxy.log.filter(({ client }) => client === "gateway");
  expect(new Set(used.map(({ verb, resource }) => `${verb} ${resource}`))).toEqual(
    new Set(["list pods", "watch pods", "list routes", "watch routes"]),
  );
});
