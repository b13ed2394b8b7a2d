import { readFile } from "node:fs/promises";
import { Image, imageReason } from "@datalayer/shared/crds/image";
import { beforeAll, describe, expect, it } from "vitest";
import { hash } from "../../test/builders.ts";
import { apiKey, reportImage, startApi, type TestAnswer, type TestApi } from "../../test/test-api.ts";
import { wish } from "../image/names.ts";

let test: TestApi;

beforeAll(async () => {
  test = await startApi();
});

const nameIn = (answer: TestAnswer): string[] =>
  (answer.body["images"] as { name: string }[]).map(({ name }) => name);

/** What the API server has, whatever caches say. */
function wishesOn(name: string): Promise<Record<string, string>> {
  const { namespace, admin } = test;
  return admin.get(Image, { namespace, name }).then(({ metadata }) => metadata.annotations ?? {});
}

async function withPhase(name: string, phase: "Building" | "Ready" | "Queued"): Promise<Image> {
  const image = await test.create(name);
  const build = { inputsHash: hash, job: `${name}-0123456789-1`, attempt: 1 };
  return test.seen(await reportImage(test.admin, image, { phase, inputsHash: hash, build }));
}

describe("the list of Images", () => {
  it("has those of a namespace and a phase, page by page", async () => {
    const { namespace } = test;
    await test.create("list-a");
    await withPhase("list-b", "Queued");
    await withPhase("list-c", "Queued");
    const all = await test.ask("GET", `/images?namespace=${namespace}`);
    expect(nameIn(all).filter((name) => name.startsWith("list"))).toEqual(["list-a", "list-b", "list-c"]);
    const filter = `namespace=${namespace}&phase=Queued`;
    const first = await test.ask("GET", `/images?${filter}&limit=1`);
    expect(nameIn(first)).toEqual(["list-b"]);
    const next = encodeURIComponent(String(first.body["continue"]));
    expect(nameIn(await test.ask("GET", `/images?${filter}&limit=1&continue=${next}`))).toEqual(["list-c"]);
    expect(nameIn(await test.ask("GET", "/images?namespace=elsewhere"))).toEqual([]);
  });

  it("says what a phase can be", async () => {
    const { status, body } = await test.ask("GET", "/images?phase=Broken");
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { errors: [{ path: "/phase", in: "query" }] },
    });
  });
});

describe("one Image", () => {
  it("is explained with what its status says", async () => {
    const image = await test.create("explained");
    const { generation = 1 } = image.metadata;
    const because = { reason: imageReason.buildFailed, message: "RUN make: exit code 2" };
    const conditions = ["BuildSucceeded", "Ready"].map((type) => ({
      type,
      status: "False" as const,
      ...because,
      lastTransitionTime: "2026-01-01T00:00:00Z",
      observedGeneration: generation,
    }));
    const build = {
      job: "explained-0123456789-1",
      attempt: 1,
      finishedAt: "2026-01-01T00:00:00Z",
      ...because,
    };
    await test.seen(await reportImage(test.admin, image, { phase: "Stalled", build, conditions }));
    const answer = await test.ask("GET", `/images/${test.namespace}/explained`);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        success: true,
        image: {
          phase: "Stalled",
          ready: false,
          reason: imageReason.buildFailed,
          build: { job: "explained-0123456789-1", attempt: 1, log_tail: null },
          explanation: {
            source: "It is built from the Dockerfile in its spec.",
            readiness: "It is not ready: RUN make: exit code 2",
            advice: "Read the log, which says what went wrong, and correct the source.",
          },
        },
      },
    });
  });

  it("is not found by a name that no Image has", async () => {
    const { status, body } = await test.ask("GET", `/images/${test.namespace}/nobody`);
    expect({ status, success: body["success"] }).toEqual({ status: 404, success: false });
  });
});

describe("building now", () => {
  it("puts a new word on the Image, each time", async () => {
    await test.create("build-now");
    const path = `/images/${test.namespace}/build-now/build`;
    expect((await test.ask("POST", path)).status).toBe(202);
    const first = (await wishesOn("build-now"))[wish.nonce];
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect((await test.ask("POST", path)).status).toBe(202);
    expect((await wishesOn("build-now"))[wish.nonce]).not.toBe(first);
  });

  it("writes a word of the caller once", async () => {
    await test.create("build-once");
    const path = `/images/${test.namespace}/build-once/build`;
    await test.ask("POST", `${path}?nonce=release-7`);
    const { metadata } = await test.admin.get(Image, { namespace: test.namespace, name: "build-once" });
    expect((await test.ask("POST", `${path}?nonce=release-7`)).status).toBe(202);
    expect((await test.admin.get(Image, metadata)).metadata.resourceVersion).toBe(metadata.resourceVersion);
    expect(metadata.annotations).toEqual({ [wish.nonce]: "release-7" });
  });

  it("takes a cancellation back", async () => {
    await withPhase("build-again", "Building");
    await test.ask("POST", `/images/${test.namespace}/build-again/cancel`);
    expect(await wishesOn("build-again")).toEqual({ [wish.cancelled]: hash });
    await test.ask("POST", `/images/${test.namespace}/build-again/build?nonce=again`);
    expect(await wishesOn("build-again")).toEqual({ [wish.nonce]: "again" });
  });

  it("leaves the annotations of others as they are, also when all write at once", async () => {
    await test.create("build-race");
    const path = `/images/${test.namespace}/build-race`;
    const others = Array.from({ length: 4 }, (_, index) =>
      test.admin.apply(
        Image,
        {
          ...imageOf("build-race"),
          metadata: { ...imageOf("build-race").metadata, annotations: { "example.com/mark": String(index) } },
        },
        { force: true },
      ),
    );
    const builds = Array.from({ length: 4 }, () => test.ask("POST", `${path}/build`));
    const answers = await Promise.all(builds);
    await Promise.all(others);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(Object.keys(await wishesOn("build-race")).toSorted()).toEqual(["example.com/mark", wish.nonce]);
  });

  it("is refused while the Image is suspended", async () => {
    await test.create("suspended", { policy: { suspend: true } });
    const { status, body } = await test.ask("POST", `/images/${test.namespace}/suspended/build`);
    expect({ status, detail: body["detail"] }).toEqual({
      status: 409,
      detail: "Image suspended is suspended by spec.policy.suspend.",
    });
  });

  it("says what a word can be", async () => {
    await test.create("build-word");
    const path = `/images/${test.namespace}/build-word/build`;
    const { status, body } = await test.ask("POST", `${path}?nonce=two%20words`);
    expect({ status, body }).toMatchObject({ status: 422, body: { errors: [{ path: "/nonce" }] } });
    expect(await wishesOn("build-word")).toEqual({});
  });
});

describe("cancelling", () => {
  it("names the inputs of the build that runs, once", async () => {
    await withPhase("cancel", "Building");
    const path = `/images/${test.namespace}/cancel/cancel`;
    expect((await test.ask("POST", path)).status).toBe(202);
    expect(await wishesOn("cancel")).toEqual({ [wish.cancelled]: hash });
    const { metadata } = await test.admin.get(Image, { namespace: test.namespace, name: "cancel" });
    expect((await test.ask("POST", path)).status).toBe(202);
    expect((await test.admin.get(Image, metadata)).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it("is refused when nothing waits or runs", async () => {
    await withPhase("cancel-late", "Ready");
    const { status, body } = await test.ask("POST", `/images/${test.namespace}/cancel-late/cancel`);
    expect({ status, type: body["type"] }).toEqual({
      status: 409,
      type: expect.stringMatching(/#nothing-to-cancel$/) as string,
    });
    expect(await wishesOn("cancel-late")).toEqual({});
  });

  it("is not found by a name that no Image has", async () => {
    expect((await test.ask("POST", `/images/${test.namespace}/nobody/cancel`)).status).toBe(404);
  });
});

it.each([
  ["GET", "/images"],
  ["GET", "/images/a/b"],
  ["GET", "/images/a/b/logs"],
  ["POST", "/images/a/b/build"],
  ["POST", "/images/a/b/cancel"],
] as const)("asks for the key: %s %s", async (method, path) => {
  for (const key of ["", `${apiKey}0`]) {
    const headers = { "x-api-key": key };
    expect((await test.api.inject({ method, url: `/api/images/v1${path}`, headers })).statusCode).toBe(401);
  }
});

it("serves the published document without key", async () => {
  const url = new URL("../../../../docs/openapi/image-controller.json", import.meta.url);
  const published = JSON.parse(await readFile(url, "utf8")) as object;
  const served = (await test.api.inject({ url: "/api/images/openapi.json" })).json<object>();
  expect({ ...served, info: {} }).toEqual({ ...published, info: {} });
});

function imageOf(name: string) {
  const { apiVersion, kind } = Image;
  const source = { inline: { dockerfile: "FROM r.example/base:1\nCOPY app.py /app/\n" } };
  return { apiVersion, kind, metadata: { namespace: test.namespace, name }, spec: { source } };
}
