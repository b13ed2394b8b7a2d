import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { poolOfExample } from "@datalayer/tools/start/example";
import { Kernel, runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime } from "@datalayer/tools/start/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stage, startStage, untilExampleWarm, warmExample } from "./stage.ts";

const cullSeconds = 15;
const { signal } = new AbortController();

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
  await warmExample(stage);
});

afterAll(() => stage.end());

interface UsageRecord {
  pod_name: string;
  reason: string;
  ended_at: string;
}

async function ask<Answer>(path: string, method = "GET"): Promise<Answer> {
  const { apiKeyPath, apiUrl } = stage.api;
  const headers = { "x-api-key": (await readFile(apiKeyPath, "utf8")).trim() };
  const response = await fetch(`${apiUrl}/v1${path}`, { method, headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

async function usageOf({ pod_name }: ClaimedRuntime): Promise<UsageRecord | undefined> {
  const { usage } = await ask<{ usage: UsageRecord[] }>("/usage");
  return usage.find((record) => record.pod_name === pod_name);
}

function usageIn(runtime: ClaimedRuntime, what: string): Promise<UsageRecord> {
  return eventually(() => usageOf(runtime), {
    timeoutMs: 120_000,
    intervalMs: 500,
    message: `usage of ${what}`,
  });
}

/** Python that returns once somebody connects to this port of the runtime. */
const untilReleased = (port: number): string => `__import__("socket").create_server(("", ${port})).accept()`;

/** Lets code that waits with {@link untilReleased} go on, as soon as it waits; answers with the time of it in seconds. */
function release({ ingress }: ClaimedRuntime, port: number): Promise<number> {
  const { hostname: host } = new URL(ingress);
  return eventually(
    () =>
      new Promise<number>((resolve, reject) => {
        const socket = connect({ host, port }, () => {
          socket.destroy();
          resolve(Date.now() / 1000);
        });
        socket.on("error", reject);
      }),
    { message: `code in the runtime that waits at port ${port}` },
  );
}

async function claim(): Promise<ClaimedRuntime> {
  await untilExampleWarm(stage.cluster);
  return (await claimRuntime(stage.api, signal)).runtime;
}

async function cullAfter(seconds: number): Promise<void> {
  await stage.kube.patch(RuntimePool, poolOfExample, [{ op: "add", path: "/spec/cull", value: { seconds } }]);
}

describe("a runtime on a real node", () => {
  it("ends when nobody uses it: not while a kernel is busy, and not while somebody is connected", async () => {
    const [idle, busy, connected] = [await claim(), await claim(), await claim()];
    expect(await runCell(idle, "6*7")).toBe("42");
    const kernel = await Kernel.start(busy);
    await kernel.begin(untilReleased(9000));
    kernel.leave();
    const user = await Kernel.start(connected);
    await cullAfter(cullSeconds);

    expect(await usageIn(idle, "the idle runtime")).toMatchObject({ reason: "Idle" });
    // Both others have been left alone for as long by now.
    expect(await usageOf(busy)).toBeUndefined();
    expect(await usageOf(connected)).toBeUndefined();

    const releasedAt = await release(busy, 9000);
    const { reason, ended_at } = await usageIn(busy, "the runtime that was busy");
    expect(reason).toBe("Idle");
    expect(Number(ended_at)).toBeGreaterThanOrEqual(releasedAt + cullSeconds - 2);
    expect(await usageOf(connected)).toBeUndefined();

    user.leave();
    expect(await usageIn(connected, "the runtime that was left")).toMatchObject({ reason: "Idle" });
    await cullAfter(0);
  });

  it("gives its kernels time to save when its user ends it", async () => {
    const runtime = await claim();
    expect(await runCell(runtime, `import atexit; atexit.register(lambda: ${untilReleased(9001)}); 1`)).toBe(
      "1",
    );
    await ask(`/runtimes/${runtime.pod_name}?reason=done`, "DELETE");
    const savedAt = await release(runtime, 9001);
    const { reason, ended_at } = await usageIn(runtime, "the ended runtime");
    expect(reason).toBe("Deleted");
    expect(Number(ended_at)).toBeGreaterThanOrEqual(savedAt - 1);
  });
});
