import type { RuntimeContentSpec } from "@datalayer/shared/crds/runtime-content";
import type { Secret } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { storedContent } from "../../test/content-objects.ts";
import { createdAt } from "../../test/pool-objects.ts";
import { type BucketAccess, buildDataset, buildDatasetKeys, parseBucketAccess } from "./dataset.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const s3 = (spec: Partial<RuntimeContentSpec> = {}) =>
  storedContent({ type: "s3", source: "landsat", secret: "s3-secret", ...spec }, { name: "landsat.scenes" });
const keys = { access_key_id: base64("id"), secret_access_key: base64("key") };
const secretOf = (data: Record<string, string>): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s3-secret", uid: "u", resourceVersion: "1", creationTimestamp: createdAt },
  data,
});
const access: BucketAccess = {
  accessKeyId: base64("id"),
  secretAccessKey: base64("key"),
  region: "us-west-2",
  endpoint: "https://s3.us-west-2.amazonaws.com",
  version: "u/1",
};

describe("the Secret of an s3 content", () => {
  it("says where the bucket is, unless the content does", () => {
    const secret = secretOf({ ...keys, region: base64("eu-west-3\n") });
    expect(parseBucketAccess(s3(), secret)).toMatchObject({
      region: "eu-west-3",
      endpoint: "https://s3.eu-west-3.amazonaws.com",
    });
    expect(parseBucketAccess(s3({ location: "us-west-2" }), secret)).toEqual(access);
  });

  it("may name a store of another provider", () => {
    const secret = secretOf({ ...keys, endpoint: base64("https://s3.example.org") });
    expect(parseBucketAccess(s3(), secret)).toMatchObject({ region: "", endpoint: "https://s3.example.org" });
  });

  it.each([
    [{ access_key_id: base64("id") }, "has not both access_key_id and secret_access_key"],
    [keys, 'spec.location is not set, and Secret "s3-secret" has no region'],
    ...[
      "http://169.254.169.254/latest",
      "https://127.1:9000",
      "localhost:9000",
      "https://[64:ff9b::a9fe:a9fe]",
      "https://",
    ].map((endpoint): [Record<string, string>, string] => [
      { ...keys, endpoint: base64(endpoint) },
      'spec.secret: endpoint of Secret "s3-secret"',
    ]),
  ])("is refused with the keys of %o", (data, expected) => {
    expect(parseBucketAccess(s3(), secretOf(data))).toContain(expected);
  });
});

describe("the Dataset of an s3 content", () => {
  it("names the bucket and the Secret, and goes with the content", () => {
    const { metadata, spec } = buildDataset(s3({ subPath: "scenes/2026/", permissions: "rw" }), access);
    expect(metadata).toMatchObject({
      name: expect.stringMatching(/^content-landsat-scenes-[0-9a-f]{10}$/) as string,
      namespace: "datalayer-runtimes",
      ownerReferences: [{ kind: "RuntimeContent", name: "landsat.scenes", controller: true }],
    });
    expect(spec.local).toEqual({
      type: "COS",
      endpoint: "https://s3.us-west-2.amazonaws.com",
      bucket: "landsat/scenes/2026",
      region: "us-west-2",
      readonly: "false",
      "secret-name": `${metadata.name}-keys`,
    });
  });

  const before = buildDataset(s3(), access).metadata.name;
  it.each([
    ["bucket", s3({ source: "other" }), access],
    ["folder", s3({ subPath: "a" }), access],
    ["permissions", s3({ permissions: "rw" }), access],
    ["version of the Secret", s3(), { ...access, version: "u/2" }],
  ])("has another name with another %s, because Datashim takes no changes", (_, content, with_) => {
    expect(buildDataset(content, with_).metadata.name).not.toBe(before);
  });

  it("has a name that tells nothing of the keys, by which to try guesses", () => {
    const others = { ...access, accessKeyId: base64("other"), secretAccessKey: base64("guess") };
    expect(buildDataset(s3(), others).metadata.name).toBe(before);
  });

  it("has the same name with another description", () => {
    expect(buildDataset(s3({ description: "x" }), access).metadata.name).toBe(before);
  });

  it("has its keys in a Secret under Datashim's names, and in no field of its own", () => {
    const manifest = buildDataset(s3(), access);
    const stored = {
      ...manifest,
      metadata: { ...manifest.metadata, uid: "d", resourceVersion: "1", creationTimestamp: createdAt },
    };
    const secret = buildDatasetKeys(stored, access);
    expect(secret).toMatchObject({
      metadata: {
        name: manifest.spec.local["secret-name"],
        ownerReferences: [{ kind: "Dataset", name: manifest.metadata.name, uid: "d" }],
      },
      immutable: true,
      data: { accessKeyID: base64("id"), secretAccessKey: base64("key") },
    });
    expect(JSON.stringify(manifest)).not.toContain(base64("key"));
  });
});
