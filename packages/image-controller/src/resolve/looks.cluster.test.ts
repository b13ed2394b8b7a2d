import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { useCluster } from "@datalayer/devcluster/testkit/cluster";
import { startTestRegistry, type TestRegistry } from "@datalayer/devcluster/testkit/registry";
import type { Image } from "@datalayer/shared/crds/image";
import { loadAccess } from "@datalayer/shared/kube/access";
import { RestClient } from "@datalayer/shared/kube/rest";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { digest, engineSettings, type PartialSpec, storedImage } from "../../test/builders.ts";
import { pushImage } from "../../test/push-image.ts";
import { RegistryProxy } from "../../test/registry-proxy.ts";
import { buildkit } from "../engines/buildkit/engine.ts";
import { wish } from "../image/names.ts";
import { Registries } from "../registry/registry.ts";
import { type Look, Looks } from "./looks.ts";
import { Resolver } from "./resolver.ts";

const minute = 60_000;
let upstream: TestRegistry;
let proxy: RegistryProxy;
let registries: Registries;
let kube: RestClient;
let clock: ManualClock;
let looks: Looks;
/** What the looks take for chance. */
let chance: number;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  kube = new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "test", fieldManager: "test" });
  upstream = await startTestRegistry();
  proxy = await RegistryProxy.start(upstream.host);
  registries = new Registries({ plainHosts: [proxy.host] });
  await pushImage({ host: upstream.host, repository: "base" }, "1");
});
afterAll(() => Promise.all([kube.close(), registries.close()]));

beforeEach(() => {
  clock = new ManualClock();
  chance = 0;
  const installers = { micromamba: "r.example/m:1", pixi: "r.example/p:1" };
  const dockerRegistry = proxy.host;
  looks = new Looks({
    resolver: new Resolver({ registries, engine: buildkit, engineSettings, installers, dockerRegistry }),
    policy: {
      dockerRegistry,
      allowedRepositories: [],
      isolations: ["rootless"],
      unsetImages: [],
      reservedRepositories: [],
    },
    defaultPushSecret: "absent",
    clock,
    random: () => chance,
  });
});

const onBase = (more: PartialSpec = {}): PartialSpec => ({
  source: { inline: { dockerfile: `FROM ${proxy.host}/base:1\n` } },
  ...more,
});

async function lookAt(
  spec: PartialSpec,
  annotations: Record<string, string> = {},
  status?: Image["status"],
): Promise<Look> {
  const image = storedImage(spec, { status });
  image.metadata.annotations = annotations;
  image.metadata.namespace = "default";
  return looks.at(image, { kube, signal: AbortSignal.timeout(30_000) });
}

const asked = (): number => proxy.seen("HEAD", /\/base\/manifests\/1/).length;

describe("looks at what an Image is made of", () => {
  it("are not repeated before they are due", async () => {
    const before = asked();
    const first = await lookAt(onBase());
    expect(first.resolved?.inputs.bases).toHaveLength(1);
    await clock.advance(14 * minute);
    expect(await lookAt(onBase())).toBe(first);
    expect(asked()).toBe(before + 1);
    await clock.advance(minute);
    await lookAt(onBase());
    expect(asked()).toBe(before + 2);
  });

  it("say when the next one is due, once for all readers", async () => {
    const spec = onBase({ triggers: { baseImage: { interval: "1h" } } });
    const { dueAt } = await lookAt(spec);
    expect(dueAt).toBe("2026-01-01T01:00:00Z");
    await clock.advance(minute);
    expect((await lookAt(spec)).dueAt).toBe(dueAt);
  });

  it("are never repeated where they are not wanted, or nothing can change", async () => {
    const never = onBase({ triggers: { baseImage: { interval: "0s" } } });
    expect((await lookAt(never)).dueAtMs).toBe(Infinity);
    looks.forget("uid-of-jupyter");
    expect(await lookAt({ source: { inline: { dockerfile: "FROM scratch\n" } } })).toMatchObject({
      dueAtMs: Infinity,
    });
  });

  it("go by the status after a restart, where they are never repeated", async () => {
    const pinned = [{ reference: `${proxy.host}/base:1`, digest: digest("d") }];
    const never = onBase({ triggers: { baseImage: { interval: "0s" } } });
    const before = asked();
    const wishes = { [wish.nonce]: "1", [wish.lookAfter]: "2026-01-01T00:00:00Z" };
    const lookedFor = { generation: 1, nonce: "1", lookAfter: "2026-01-01T00:00:00Z" };
    const status = { observedGeneration: 1, lookedFor, baseImages: pinned };
    const { resolved } = await lookAt(never, wishes, status);
    expect(resolved?.inputs.bases).toEqual([{ name: `${proxy.host}/base:1`, digest: digest("d") }]);
    expect(asked()).toBe(before);
  });

  it.each<[string, Record<string, string>, NonNullable<Image["status"]>["lookedFor"]]>([
    ["the spec has changed, and nothing was seen since", {}, { generation: 0 }],
    ["somebody has asked for a look since", { [wish.lookAfter]: "2026-01-01T00:00:00Z" }, { generation: 1 }],
    ["somebody has asked for a build since", { [wish.nonce]: "2" }, { generation: 1, nonce: "1" }],
    ["the status does not say what it is of", {}, undefined],
  ])("are repeated after a restart where %s", async (_, wishes, lookedFor) => {
    const pinned = [{ reference: `${proxy.host}/base:1`, digest: digest("d") }];
    const never = onBase({ triggers: { baseImage: { interval: "0s" } } });
    const before = asked();
    await lookAt(never, wishes, { observedGeneration: 1, lookedFor, baseImages: pinned });
    expect(asked()).toBe(before + 1);
  });

  it("are repeated at once for a wish, though nothing is due", async () => {
    await lookAt(onBase());
    const before = asked();
    await lookAt(onBase(), { [wish.lookAfter]: "2026-01-01T00:00:00Z" });
    expect(asked()).toBe(before + 1);
  });

  it("come sooner, and then later and later, after a passing failure", async () => {
    const fault = proxy.inject({ path: /\/base\//, act: { kind: "answer", status: 503 } });
    const first = await lookAt(onBase());
    expect(first.fault).toMatchObject({ reason: "BaseUnavailable", isPassing: true });
    expect(first.dueAtMs).toBe(5_000);
    fault.remove();
    await clock.advance(5_000);
    expect((await lookAt(onBase())).fault).toBeUndefined();
  });

  it("keep failing while what was seen once is not to be seen, later and later", async () => {
    expect((await lookAt(onBase())).fault).toBeUndefined();
    await clock.advance(15 * minute);
    chance = 0.5;
    const fault = proxy.inject({ path: /\/base\//, act: { kind: "answer", status: 503 } });
    const delays: number[] = [];
    for (let tries = 0; tries < 3; tries++) {
      const { fault: found, resolved, dueAtMs } = await lookAt(onBase());
      expect(found).toMatchObject({ reason: "BaseUnavailable" });
      expect(resolved).toBeUndefined();
      const delayMs = dueAtMs - clock.monotonicMs();
      delays.push(delayMs);
      await clock.advance(delayMs);
    }
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(new Set(delays).size).toBe(3);
    fault.remove();
    expect((await lookAt(onBase())).resolved?.inputs.bases).toHaveLength(1);
  });

  it("leave a registry alone for as long as it asks", async () => {
    const act = { kind: "answer", status: 429, headers: { "retry-after": "50" } } as const;
    proxy.inject({ path: /\/base\//, times: 1, act });
    expect((await lookAt(onBase())).dueAtMs).toBe(50_000);
  });
});
