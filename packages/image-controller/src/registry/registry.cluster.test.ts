import { registryLogin, startTestRegistry, type TestRegistry } from "@datalayer/devcluster/testkit/registry";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pushImage } from "../../test/push-image.ts";
import { type FaultHandle, type RegistryFault, RegistryProxy } from "../../test/registry-proxy.ts";
import { startTokenIssuer, type TestIssuer } from "../../test/token-issuer.ts";
import type { Credentials, CredentialsByHost } from "./credentials.ts";
import { isAttestation, mediaType, platformOf } from "./manifest.ts";
import { Registries } from "./registry.ts";
import type { Repository } from "./repository.ts";

let plain: TestRegistry;
let locked: TestRegistry;
let registries: Registries;

beforeAll(async () => {
  [plain, locked] = await Promise.all([
    startTestRegistry(),
    startTestRegistry({ tls: true, auth: "password" }),
  ]);
  registries = new Registries({ plainHosts: [plain.host] });
});
afterAll(() => registries.close());

const open = (repository: string): Repository => registries.repository({ host: plain.host, repository });
const loginFor = (host: string, login = registryLogin): CredentialsByHost => new Map([[host, login]]);
const absent = `sha256:${"0".repeat(64)}`;

async function allTags(repository: Repository): Promise<string[]> {
  const tags: string[] = [];
  for await (const page of repository.tags()) tags.push(...page);
  return tags;
}

describe("a repository of a registry", () => {
  it("knows the digest and the content of what a tag names", async () => {
    const { digest } = await pushImage({ host: plain.host, repository: "read/image" }, "one", {
      labels: { "io.datalayer.test": "yes" },
    });
    const repository = open("read/image");
    expect(await repository.digest("one")).toBe(digest);
    const manifest = await repository.manifest("one");
    expect(manifest).toMatchObject({ digest, mediaType: mediaType.ociManifest, content: { kind: "image" } });
    const { content } = (await repository.manifest(digest))!;
    const config = content.kind === "image" && (await repository.blob(content.config));
    expect(JSON.parse(String(config))).toMatchObject({ config: { Labels: { "io.datalayer.test": "yes" } } });
  });

  it("tells images from attestations in an index", async () => {
    const target = { host: plain.host, repository: "read/index" };
    const { digest } = await pushImage(target, "one", {
      attested: true,
      platforms: ["linux/amd64", "linux/arm64"],
    });
    const manifest = await open("read/index").manifest("one");
    expect(manifest).toMatchObject({ digest, mediaType: mediaType.ociIndex });
    const entries = manifest?.content.kind === "index" ? manifest.content.manifests : [];
    expect(entries.map((entry) => [platformOf(entry), isAttestation(entry)])).toEqual([
      ["linux/amd64", false],
      ["linux/arm64", false],
      ["unknown/unknown", true],
    ]);
  });

  it("has nothing where nothing was pushed", async () => {
    await pushImage({ host: plain.host, repository: "read/empty" }, "one");
    const repository = open("read/empty");
    expect(await repository.digest("two")).toBeUndefined();
    expect(await repository.manifest(absent)).toBeUndefined();
    expect(await repository.blob({ digest: absent, size: 0, mediaType: "" })).toBeUndefined();
    expect(await open("read/nowhere").digest("one")).toBeUndefined();
    expect(await allTags(open("read/nowhere"))).toEqual([]);
  });

  it("has a further tag name a manifest, and that again", async () => {
    const { digest } = await pushImage({ host: plain.host, repository: "write/image" }, "h-1");
    const repository = open("write/image");
    const manifest = (await repository.manifest("h-1"))!;
    await repository.put("latest", manifest);
    await repository.put("latest", manifest);
    expect(await repository.digest("latest")).toBe(digest);
  });

  it("lists its tags, page by page", async () => {
    const repository = open("write/tags");
    await pushImage({ host: plain.host, repository: "write/tags" }, "t-000");
    const manifest = (await repository.manifest("t-000"))!;
    const names = Array.from({ length: 205 }, (_, index) => `t-${String(index).padStart(3, "0")}`);
    await Promise.all(names.slice(1).map((name) => repository.put(name, manifest)));
    expect((await allTags(repository)).toSorted()).toEqual(names);
  });

  it("deletes a manifest with all tags that name it, once", async () => {
    const { digest } = await pushImage({ host: plain.host, repository: "write/gone" }, "one");
    const repository = open("write/gone");
    await repository.put("two", (await repository.manifest("one"))!);
    expect(await repository.delete(digest)).toBe(true);
    expect(await repository.digest("two")).toBeUndefined();
    expect(await repository.delete(digest)).toBe(false);
  });
});

describe("a registry with its own authority and a password", () => {
  const repository = "locked/image";
  const secure = (access: { credentials?: CredentialsByHost; ca?: string }): Repository =>
    registries.repository({ host: locked.host, repository }, access);

  it("is read and written with both", async () => {
    const target = { host: locked.host, repository, ca: locked.ca!, login: registryLogin };
    const { digest } = await pushImage(target, "one");
    const mine = secure({ credentials: loginFor(locked.host), ca: locked.ca! });
    expect(await mine.digest("one")).toBe(digest);
    await mine.put("two", (await mine.manifest("one"))!);
    expect(await mine.digest("two")).toBe(digest);
  });

  it.each([
    ["without a password", undefined],
    ["with a wrong password", { ...registryLogin, password: "canary-wrong" }],
    ["with what other registries take", { ...registryLogin, identityToken: "canary-token" }],
  ])("refuses who comes %s", async (_, login) => {
    const asked = secure({ ca: locked.ca!, ...(login && { credentials: loginFor(locked.host, login) }) });
    await expect(asked.digest("one")).rejects.toMatchObject({ failure: "refused", status: 401 });
    await expect(asked.digest("one")).rejects.not.toThrow(/canary/);
  });

  it("is refused without its authority, and never spoken to without TLS", async () => {
    const asked = secure({ credentials: loginFor(locked.host) }).digest("one");
    await expect(asked).rejects.toMatchObject({ failure: "refused" });
    const clear = new Registries({ plainHosts: [] });
    const mistaken = clear.repository({ host: plain.host, repository: "read/image" }).digest("one");
    await expect(mistaken).rejects.toThrow(plain.host);
    await clear.close();
  });

  it("sends credentials to the host that they are for, and to no other", async () => {
    const asked = secure({ credentials: loginFor("other.example"), ca: locked.ca! }).digest("one");
    await expect(asked).rejects.toMatchObject({ status: 401 });
  });
});

describe("a registry with tokens", () => {
  let issuer: TestIssuer;
  let registry: TestRegistry;
  let mine: Registries;

  beforeAll(async () => {
    issuer = await startTokenIssuer();
    registry = await startTestRegistry({ auth: issuer });
    mine = new Registries({ plainHosts: [registry.host] });
  });
  afterAll(() => mine.close());

  const repositoryOf = (credentials?: Credentials): Repository =>
    mine.repository(
      { host: registry.host, repository: "tokens/image" },
      { ...(credentials && { credentials: new Map([[registry.host, credentials]]) }) },
    );

  it.each([
    ["a name and a password", (login: TestIssuer["login"]) => ({ ...login })],
    [
      "a refresh token",
      ({ refreshToken }: TestIssuer["login"]) => ({
        username: "",
        password: "",
        identityToken: refreshToken,
      }),
    ],
  ])("gives them for %s, and takes them until they end", async (_, credentialsOf) => {
    const repository = repositoryOf(credentialsOf(issuer.login));
    const before = issuer.asked.length;
    expect(await repository.digest("one")).toBeUndefined();
    expect(await repository.manifest("two")).toBeUndefined();
    expect(issuer.asked.slice(before).map(({ parameters }) => parameters.get("scope"))).toEqual([
      "repository:tokens/image:pull",
    ]);
  });

  it("is asked for a new one when one has ended", async () => {
    issuer.lifeSeconds = 1;
    const repository = repositoryOf({ ...issuer.login, username: "builder" });
    await repository.delete(absent);
    await repository.delete(absent);
    const scopes = issuer.asked.map(({ parameters }) => parameters.get("scope"));
    expect(scopes.filter((scope) => scope === "repository:tokens/image:pull,push,delete")).toHaveLength(2);
  });

  it("is asked once more, and no more often, where its tokens are good for nothing", async () => {
    const before = issuer.asked.length;
    const asked = repositoryOf({ username: "builder", password: "canary-wrong" }).digest("one");
    await expect(asked).rejects.toMatchObject({ failure: "refused", status: 401 });
    expect(issuer.asked).toHaveLength(before + 1);
  });
});

describe("a registry on a bad day", () => {
  let proxy: RegistryProxy;
  let mine: Registries;
  let repository: Repository;
  let digest: string;
  const faults: FaultHandle[] = [];
  const inject = (fault: RegistryFault): void => void faults.push(proxy.inject(fault));

  beforeAll(async () => {
    proxy = await RegistryProxy.start(plain.host);
    ({ digest } = await pushImage({ host: plain.host, repository: "bad/day" }, "one"));
  });
  beforeEach(() => {
    mine = new Registries({ plainHosts: [proxy.host] });
    repository = mine.repository({ host: proxy.host, repository: "bad/day" });
  });
  afterEach(async () => {
    for (const fault of faults.splice(0)) fault.remove();
    await mine.close();
  });

  it.each([500, 502, 503, 504, 408])("is unavailable when it answers %i", async (status) => {
    inject({ act: { kind: "answer", status, body: "<html>canary</html>" } });
    await expect(repository.digest("one")).rejects.toMatchObject({ failure: "unavailable", status });
  });

  it.each([400, 403, 405])("refuses when it answers %i, and says what it said", async (status) => {
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "not yours" }] });
    inject({ act: { kind: "answer", status, body } });
    const asked = repository.delete(digest);
    await expect(asked).rejects.toMatchObject({ failure: "refused", status });
    await expect(asked).rejects.toThrow("DENIED: not yours");
  });

  it("is left alone for as long as it asks", async () => {
    inject({ act: { kind: "answer", status: 429, headers: { "retry-after": "30" } }, times: 1 });
    await expect(repository.digest("one")).rejects.toMatchObject({ retryAfterMs: 30_000 });
    const before = proxy.log.length;
    await expect(repository.digest("one")).rejects.toThrow(/asks to be left alone for (29|30) s/);
    expect(proxy.log).toHaveLength(before);
  });

  it("is unavailable when it breaks the connection", async () => {
    inject({ act: { kind: "break" } });
    await expect(repository.manifest("one")).rejects.toMatchObject({ failure: "unavailable" });
  });

  it("does not pass off other content under a digest", async () => {
    const other = await pushImage({ host: plain.host, repository: "bad/day" }, "two", { layer: "other" });
    const manifest = (await repository.manifest(other.digest))!;
    inject({ method: "GET", act: { kind: "tamper", body: () => manifest.bytes } });
    await expect(repository.manifest(digest)).rejects.toMatchObject({ failure: "corrupt" });
    await expect(repository.manifest("one")).rejects.toMatchObject({ failure: "corrupt" });
  });

  it("is not believed when it says that it stored something else", async () => {
    const manifest = (await repository.manifest("one"))!;
    inject({ method: "PUT", act: { kind: "tamper", headers: { "docker-content-digest": absent } } });
    await expect(repository.put("latest", manifest)).rejects.toMatchObject({ failure: "invalid" });
  });

  it.each([
    ["is no JSON", "canary"],
    ["is no manifest", "{}"],
    ["has no digests", '{"config":{},"layers":[]}'],
  ])("is not believed when its manifest %s", async (_, body) => {
    inject({ act: { kind: "tamper", body: () => Buffer.from(body) } });
    await expect(repository.manifest("one")).rejects.toMatchObject({ failure: "corrupt" });
  });

  it("is not read to the end when there is none", async () => {
    inject({ act: { kind: "tamper", body: () => Buffer.alloc(5 * 1024 * 1024) } });
    await expect(repository.manifest("one")).rejects.toThrow("more than 4194304 bytes");
  });

  it.each([
    ["to this machine", "http://127.0.0.1:1/blob"],
    ["out of TLS and back", "file:///etc/passwd"],
    ["in a circle", "/v2/bad/day/manifests/one"],
  ])("is not followed %s", async (_, location) => {
    inject({ act: { kind: "answer", status: 307, headers: { location } } });
    await expect(repository.manifest("one")).rejects.toMatchObject({ failure: "refused" });
  });

  it.each([
    ["ask.example", 'Bearer realm="ftp://ask.example/token"'],
    ["this machine", 'Bearer realm="http://127.0.0.1:1/token"'],
    ["a user", 'Bearer realm="http://user:canary@ask.example/"'],
  ])("does not have credentials sent to %s", async (_, challenge) => {
    inject({ act: { kind: "answer", status: 401, headers: { "www-authenticate": challenge } } });
    await expect(repository.digest("one")).rejects.toMatchObject({ failure: "refused" });
  });
});

describe("a registry that is away", () => {
  it("is unavailable, and works again after", async () => {
    const registry = await startTestRegistry();
    const mine = new Registries({ plainHosts: [registry.host] });
    const repository = mine.repository({ host: registry.host, repository: "a/b" });
    const { digest } = await pushImage({ host: registry.host, repository: "a/b" }, "one");
    expect(await repository.digest("one")).toBe(digest);
    await registry.stop();
    await expect(repository.digest("one")).rejects.toMatchObject({ failure: "unavailable" });
    await registry.start();
    expect(await repository.digest("one")).toBe(digest);
    await mine.close();
  });

  it("never is this machine", async () => {
    const asked = registries.repository({ host: "127.0.0.1:5000", repository: "a/b" }).digest("one");
    await expect(asked).rejects.toMatchObject({ failure: "refused" });
  });
});
