import type { Answer, Exchange } from "./exchange.ts";
import { acceptedTypes, type Descriptor, digestOf, type Manifest, parseManifest } from "./manifest.ts";
import { repositoryText, type RepositoryName } from "./reference.ts";
import { RegistryError } from "./registry-error.ts";

/** A request below a repository. */
export interface RepositoryRequest extends Pick<Exchange, "method" | "headers" | "body" | "signal"> {
  path: string;
  /** Statuses that are an answer; others are thrown. */
  expected: readonly number[];
}

const digestForm = /^sha256:[0-9a-f]{64}$/;
const tagsPerPage = 200;

/** A repository of a registry. Every method throws RegistryError when it is not answered as it should be. */
export class Repository {
  readonly #name: RepositoryName;
  readonly #send: (request: RepositoryRequest) => Promise<Answer>;

  constructor(name: RepositoryName, send: (request: RepositoryRequest) => Promise<Answer>) {
    this.#name = name;
    this.#send = send;
  }

  /** The digest of what a tag or a digest names; undefined when it names nothing. */
  async digest(reference: string, signal?: AbortSignal): Promise<string | undefined> {
    const answer = await this.#manifest("HEAD", reference, signal);
    if (answer.status === 404) return undefined;
    const digest = answer.headers["docker-content-digest"];
    if (digest !== undefined && digestForm.test(digest)) return digest;
    return (await this.manifest(reference, signal))?.digest;
  }

  /** What a tag or a digest names, with the digest of what was read; undefined when it names nothing. */
  async manifest(reference: string, signal?: AbortSignal): Promise<Manifest | undefined> {
    const answer = await this.#manifest("GET", reference, signal);
    if (answer.status === 404) return undefined;
    const source = `${repositoryText(this.#name)} at ${reference}`;
    const manifest = parseManifest(answer.body, answer.headers["content-type"] ?? "", source);
    const said = answer.headers["docker-content-digest"] ?? manifest.digest;
    const asked = digestForm.test(reference) ? reference : said;
    if (manifest.digest === said && manifest.digest === asked) return manifest;
    throw new RegistryError(
      "corrupt",
      `${source} is content of the digest ${manifest.digest}, not of ${said}`,
    );
  }

  /** Has a tag, or its own digest, name this manifest. */
  async put(reference: string, manifest: Pick<Manifest, "bytes" | "mediaType" | "digest">): Promise<void> {
    const answer = await this.#send({
      method: "PUT",
      path: this.#path("manifests", reference),
      headers: { "content-type": manifest.mediaType },
      body: manifest.bytes,
      expected: [200, 201],
    });
    const stored = answer.headers["docker-content-digest"] ?? manifest.digest;
    if (stored === manifest.digest) return;
    const what = `${repositoryText(this.#name)} stored ${stored} at ${reference}`;
    throw new RegistryError("invalid", `${what}, and was sent ${manifest.digest}`);
  }

  /** Deletes a manifest, with every tag that names it. Whether it was there. */
  async delete(digest: string): Promise<boolean> {
    const path = this.#path("manifests", digest);
    const answer = await this.#send({ method: "DELETE", path, expected: [200, 202, 204, 404] });
    return answer.status !== 404;
  }

  /** The configuration of an image, checked against its digest; undefined when it is not there. */
  async blob({ digest }: Descriptor, signal?: AbortSignal): Promise<Buffer | undefined> {
    const path = this.#path("blobs", digest);
    const answer = await this.#send({ method: "GET", path, expected: [200, 404], signal });
    if (answer.status === 404) return undefined;
    if (digestOf(answer.body) === digest) return answer.body;
    const source = `${repositoryText(this.#name)} at ${digest}`;
    throw new RegistryError("corrupt", `${source} is content of the digest ${digestOf(answer.body)}`);
  }

  /** Every tag, page by page; none when the repository is not there. */
  async *tags(signal?: AbortSignal): AsyncGenerator<string[], void> {
    let path: string | undefined = `${this.#path("tags", "list")}?n=${tagsPerPage}`;
    while (path !== undefined) {
      const answer: Answer = await this.#send({ method: "GET", path, expected: [200, 404], signal });
      if (answer.status === 404) return;
      yield tagsIn(answer.body, repositoryText(this.#name));
      path = nextOf(answer.headers["link"], path);
    }
  }

  #manifest(method: "GET" | "HEAD", reference: string, signal: AbortSignal | undefined): Promise<Answer> {
    return this.#send({
      method,
      path: this.#path("manifests", reference),
      headers: { accept: acceptedTypes },
      expected: [200, 404],
      signal,
    });
  }

  #path(what: "manifests" | "blobs" | "tags", reference: string): string {
    return `/v2/${this.#name.repository}/${what}/${reference}`;
  }
}

function tagsIn(body: Buffer, source: string): string[] {
  try {
    const { tags } = JSON.parse(body.toString("utf8")) as { tags?: unknown };
    if (tags === null || tags === undefined) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")) return tags;
  } catch {
    // It is no list.
  }
  throw new RegistryError("invalid", `${source} answers with no list of tags`);
}

/** The path of the next page: of this registry, whatever host it names. */
function nextOf(link: string | undefined, path: string): string | undefined {
  const target = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(link ?? "")?.[1];
  if (target === undefined) return undefined;
  const next = new URL(target, `http://registry${path}`);
  const found = `${next.pathname}${next.search}`;
  return found.startsWith("/v2/") && found !== path ? found : undefined;
}
