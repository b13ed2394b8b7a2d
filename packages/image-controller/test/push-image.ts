import { digestOf, mediaType } from "../src/registry/manifest.ts";
import { Agent, request } from "undici";

/** Where an image is pushed, and with what. */
export interface PushTarget {
  /** `host:port` of a registry. */
  host: string;
  repository: string;
  ca?: string;
  login?: { username: string; password: string };
}

/** What is pushed. */
export interface PushedImage {
  labels?: Record<string, string>;
  /** Content of its only layer. */
  layer?: string;
  /** Whether it is an index that holds the image and an attestation, as BuildKit pushes it. */
  attested?: boolean;
  /** Of an index, the platforms. Default: one. */
  platforms?: readonly string[];
}

/** What the registry holds then. */
export interface Pushed {
  /** Of what the tag names. */
  digest: string;
  /** Of the image of each platform. */
  manifests: string[];
}

/** Pushes an image as BuildKit would, under a tag. */
export async function pushImage(target: PushTarget, tag: string, image: PushedImage = {}): Promise<Pushed> {
  const agent = new Agent({ connect: { ca: target.ca } });
  try {
    return await new Push(target, agent).image(tag, image);
  } finally {
    await agent.close();
  }
}

class Push {
  readonly #target: PushTarget;
  readonly #agent: Agent;

  constructor(target: PushTarget, agent: Agent) {
    this.#target = target;
    this.#agent = agent;
  }

  async image(tag: string, image: PushedImage): Promise<Pushed> {
    const { platforms, attested = false } = image;
    if (!attested && platforms === undefined) {
      const { digest } = await this.#manifest(image, tag, "linux/amd64");
      return { digest, manifests: [digest] };
    }
    const entries = [];
    for (const platform of platforms ?? ["linux/amd64"]) {
      const [os, architecture] = platform.split("/");
      const entry = await this.#manifest(image, undefined, platform);
      entries.push({ ...entry, platform: { os, architecture } });
    }
    const manifests = entries.map(({ digest }) => digest);
    if (attested) {
      const statement = await this.#manifest({ layer: "an attestation" }, undefined, "unknown/unknown");
      const annotations = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": manifests[0]!,
      };
      const platform = { os: "unknown", architecture: "unknown" };
      entries.push({ ...statement, platform, annotations });
    }
    const index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: entries };
    return { digest: await this.#put(tag, index, mediaType.ociIndex), manifests };
  }

  async #manifest({ labels, layer = "a layer" }: PushedImage, tag: string | undefined, platform: string) {
    const [os, architecture] = platform.split("/");
    const config = { os, architecture, config: { Labels: labels }, rootfs: { type: "layers", diff_ids: [] } };
    const type = "application/vnd.oci.image.config.v1+json";
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaType.ociManifest,
      config: await this.#blob(Buffer.from(JSON.stringify(config)), type),
      layers: [await this.#blob(Buffer.from(layer), "application/vnd.oci.image.layer.v1.tar")],
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const digest = await this.#put(tag ?? digestOf(bytes), manifest, mediaType.ociManifest);
    return { mediaType: mediaType.ociManifest, digest, size: bytes.byteLength };
  }

  async #blob(bytes: Buffer, type: string) {
    const digest = digestOf(bytes);
    const { location } = await this.#send("POST", `/v2/${this.#target.repository}/blobs/uploads/`);
    const url = new URL(String(location), this.#origin);
    url.searchParams.set("digest", digest);
    await this.#send("PUT", `${url.pathname}${url.search}`, bytes, "application/octet-stream");
    return { mediaType: type, digest, size: bytes.byteLength };
  }

  async #put(reference: string, content: object, type: string): Promise<string> {
    const bytes = Buffer.from(JSON.stringify(content));
    await this.#send("PUT", `/v2/${this.#target.repository}/manifests/${reference}`, bytes, type);
    return digestOf(bytes);
  }

  get #origin(): string {
    return `${this.#target.ca === undefined ? "http" : "https"}://${this.#target.host}`;
  }

  async #send(method: "POST" | "PUT", path: string, body?: Buffer, type?: string) {
    const { login } = this.#target;
    const basic = login && Buffer.from(`${login.username}:${login.password}`).toString("base64");
    const answer = await request(`${this.#origin}${path}`, {
      method,
      body,
      dispatcher: this.#agent,
      headers: {
        ...(type !== undefined && { "content-type": type }),
        ...(basic !== undefined && { authorization: `Basic ${basic}` }),
      },
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return answer.headers;
  }
}
