import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { beforeAll, describe, expect, it } from "vitest";
import { contentManifest, environmentManifest } from "../../test/builders.ts";
import { apiKey, type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { RuntimeView } from "./schemas.ts";

let cluster: Harness;
let replica: TestReplica;

const uid = "01J9Z8W7V6T5S4R3Q2P1N0M9K8";

beforeAll(async () => {
  cluster = await startHarness();
  await cluster.admin.create(RuntimeContent, contentManifest(cluster.namespace, "course", { uid }));
  replica = await cluster.startReplica("rest", {
    settings: { DATALAYER_DOCKER_REGISTRY: "registry.example" },
  });
  await cluster.warmPool({ name: "python", size: 1, burningRate: 0.5 });
});

const ref = (name: string) => ({ namespace: cluster.namespace, name });

/** An environment that the replica has seen and judged. */
async function create(name: string, spec: Partial<RuntimeEnvironment["spec"]> = {}) {
  const manifest = environmentManifest(cluster.namespace, { name, ...spec });
  await cluster.admin.create(RuntimeEnvironment, manifest);
  return eventually(
    async () => {
      const { status, body } = await replica.ask("GET", `/environments/${name}`);
      const environment = body["environment"] as Record<string, unknown> | undefined;
      return status === 200 && environment?.["reason"] !== "It has not been looked at yet." && environment;
    },
    { message: `${name} being known` },
  );
}

describe("GET /environments/{name}", () => {
  it("has every published field, also of an environment that gives the least", async () => {
    const { uid, ...environment } = await create("least");
    const default_ = { limits: { cpu: "10m", memory: "16Mi" } };
    expect(uid).toEqual((await cluster.admin.get(RuntimeEnvironment, ref("least"))).metadata.uid);
    expect(environment).toEqual({
      name: "least",
      namespace: cluster.namespace,
      title: "Simple Python",
      description: "",
      dockerImage: "datalayer/jupyter-python:0.0.8",
      language: "python",
      icon: null,
      example: null,
      owner: "",
      visibility: "",
      tags: [],
      burning_rate: null,
      resources: default_,
      resourcesRanges: { default: default_ },
      snippets: [],
      contents: [],
      kernel: {},
      runtime: {},
      home: "/home/datalayer",
      ready: true,
      reason: null,
    });
  });

  it("shows the image that runs, and the proposed name where old and new clients look", async () => {
    const environment = await create("told", {
      dockerImage: "${DATALAYER_DOCKER_REGISTRY}/jupyter:1",
      kernel: { givenNameTemplate: "AI Runtime" },
      tags: ["gpu"],
      owner: "datalayer",
    });
    expect(environment).toMatchObject({
      dockerImage: "registry.example/jupyter:1",
      kernel: { givenNameTemplate: "AI Runtime" },
      runtime: { givenNameTemplate: "AI Runtime" },
      tags: ["gpu"],
      owner: "datalayer",
    });
  });

  it("says why an environment is not ready", async () => {
    expect(await create("lost", { dockerImage: undefined, image: { name: "missing" } })).toMatchObject({
      dockerImage: null,
      ready: false,
      reason: 'spec.image.name: there is no Image "missing" in namespace datalayer-builds.',
    });
  });

  it("answers 404 to an unknown one", async () => {
    const { status, body } = await replica.ask("GET", "/environments/unknown");
    expect(status).toBe(404);
    expect(body.detail).toBe('no environment is named "unknown"');
    expect((await replica.ask("GET", "/environments/python?namespace=other")).status).toBe(404);
  });
});

describe("PUT /environments/{name}/contents", () => {
  const put = (name: string, body: unknown, headers: Record<string, string> = {}) =>
    replica.ask("PUT", `/environments/${name}/contents`, { body, headers });

  it("replaces what was there, and nothing else", async () => {
    await create("filled", { contents: [{ name: "old", mount: "/old" }], icon: "ai-agent" });
    const contents = [{ uid, mount: "/home/datalayer/data", permissions: "ro" }];
    const { status, body } = await put("filled", { contents });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      message: "Environment filled has 1 contents; its pools roll.",
      environment: { name: "filled", contents, icon: "ai-agent" },
    });
    const stored = await cluster.admin.get(RuntimeEnvironment, ref("filled"));
    expect(stored.spec).toMatchObject({ contents, icon: "ai-agent" });
    expect((await put("filled", { contents: [] })).body).toMatchObject({ environment: { contents: [] } });
  });

  it("heeds If-Match: of two writers with the same ETag one is told", async () => {
    await create("raced");
    const { headers } = await replica.ask("GET", "/environments/raced");
    const etag = String(headers["etag"]);
    const both = await Promise.all(
      ["/a", "/b"].map((mount) => put("raced", { contents: [{ uid, mount }] }, { "if-match": etag })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const lost = both.find(({ status }) => status === 412)!;
    expect(lost.body.type).toContain("#precondition-failed");
    const won = both.find(({ status }) => status === 200)!;
    expect(won.headers["etag"]).not.toBe(etag);
    const next = { "if-match": String(won.headers["etag"]) };
    expect((await put("raced", { contents: [] }, next)).status).toBe(200);
  });

  const refused: [string, unknown, number, string][] = [
    ["no contents", {}, 422, "/contents"],
    ["contents that are no list", { contents: {} }, 400, "/contents"],
    ["too many", { contents: Array(33).fill({ uid, mount: "/a" }) }, 422, "/contents"],
    ["one that is nowhere", { contents: [{ uid }] }, 422, "/contents/0/mount"],
    ["a mount at the root", { contents: [{ uid, mount: "/" }] }, 422, "/contents/0/mount"],
    ["a mount in /proc", { contents: [{ uid, mount: "/proc/x" }] }, 422, "/contents/0/mount"],
    ["a mount that goes up", { contents: [{ uid, mount: "/a/../proc" }] }, 422, "/contents/0/mount"],
    [
      "two at one mount",
      {
        contents: [
          { uid, mount: "/a" },
          { uid, mount: "/a" },
        ],
      },
      422,
      "/contents/1",
    ],
    [
      "a mount within another",
      {
        contents: [
          { uid, mount: "/a" },
          { uid, mount: "/a/b" },
        ],
      },
      422,
      "/contents",
    ],
    ["name and uid", { contents: [{ uid, name: "course", mount: "/a" }] }, 422, "/contents/0"],
    ["neither name nor uid", { contents: [{ mount: "/a" }] }, 422, "/contents/0"],
    ["a uid that is none", { contents: [{ uid: "U", mount: "/a" }] }, 422, "/contents/0/uid"],
    [
      "a uid that no content has",
      {
        contents: [
          { uid, mount: "/a" },
          { uid: uid.replace("8", "0"), mount: "/b" },
        ],
      },
      422,
      "/contents/1/uid",
    ],
    ["a name that no content has", { contents: [{ name: "none", mount: "/a" }] }, 422, "/contents/0/name"],
    [
      "more than the content permits",
      { contents: [{ uid, mount: "/a", permissions: "rw" }] },
      422,
      "/contents/0/permissions",
    ],
    [
      "other permissions",
      { contents: [{ uid, mount: "/a", permissions: "x" }] },
      422,
      "/contents/0/permissions",
    ],
  ];
  it.each(refused)("refuses %s, at the field", async (_, body, status, path) => {
    const reply = await put("python", body);
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject({ errors: [expect.objectContaining({ path, in: "body" })] });
    const stored = await cluster.admin.get(RuntimeEnvironment, ref("python"));
    expect(stored.spec).not.toHaveProperty("contents");
  });

  it("answers 404 to an unknown environment, and to one that has just gone", async () => {
    expect((await put("unknown", { contents: [] })).status).toBe(404);
    const { metadata } = await cluster.admin.create(
      RuntimeEnvironment,
      environmentManifest(cluster.namespace, { name: "gone" }),
    );
    await eventually(async () => (await replica.ask("GET", "/environments/gone")).status === 200);
    await cluster.admin.delete(RuntimeEnvironment, metadata, { uid: metadata.uid });
    expect((await put("gone", { contents: [] })).status).toBe(404);
  });
});

describe("a claim that gives no name", () => {
  beforeAll(async () => {
    const kernel = {
      op: "add" as const,
      path: "/spec/kernel",
      value: { givenNameTemplate: "{title} for {type}s" },
    };
    await cluster.admin.patch(RuntimeEnvironment, ref("python"), [kernel]);
    await eventually(async () => {
      const { body } = await replica.ask("GET", "/environments/python");
      return JSON.stringify(body).includes("{title}");
    });
  });

  it.each([
    ["a warm runtime", {}],
    ["one that is created for it", { size_class: "small" }],
    ["one with a home", { capabilities: ["user_storage"] }],
  ])("is named by the template of its environment: %s", async (_, wish) => {
    const claimed = await eventually(async () => {
      const reply = await replica.claim({ environment_name: "python", type: "cell", ...wish });
      return reply.status < 300 && reply;
    });
    expect(claimed.body.runtime.given_name).toBe("Simple Python for cells");
    const path = `/runtimes/${claimed.body.runtime.pod_name}`;
    await replica.ask("DELETE", path);
    await eventually(async () => (await replica.ask("GET", path)).status === 404, { timeoutMs: 20_000 });
    await cluster.available("python", 1);
  });
});

describe("GET /environments/{uid}/runtimes", () => {
  it("lists the runtimes that users have of it, by uid and by name", async () => {
    await eventually(async () => (await replica.ask("GET", "/environments/python")).status === 200);
    const { body } = await replica.claim({ environment_name: "python" });
    const { uid } = (await cluster.admin.get(RuntimeEnvironment, ref("python"))).metadata;
    const expected = { success: true, message: "1 runtimes", continue: null, runtimes: [body.runtime] };
    const list = async (name: string) => (await replica.ask("GET", `/environments/${name}/runtimes`)).body;
    expect(await list(uid)).toEqual(expected);
    expect(await list("python")).toEqual(expected);
    await create("unused");
    expect((await list("unused"))["runtimes"] as RuntimeView[]).toEqual([]);
    expect((await replica.ask("GET", "/environments/unknown/runtimes")).status).toBe(404);
  });
});

describe("every route of environments", () => {
  it.each([
    ["GET", "/environments/x"],
    ["PUT", "/environments/x/contents"],
    ["GET", "/environments/x/runtimes"],
  ] as const)("wants the key: %s %s", async (method, path) => {
    const reply = await replica.ask(method, path, { headers: { "x-api-key": `${apiKey}0` } });
    expect(reply.status).toBe(401);
  });
});
