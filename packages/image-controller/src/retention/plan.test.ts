import type { Image, ImageSpec, PublishedBuild } from "@datalayer/shared/crds/image";
import { describe, expect, it } from "vitest";
import { digest, storedImage } from "../../test/builders.ts";
import { isProtectedTag, planRetention } from "./plan.ts";
import { buildKey } from "./used-digests.ts";

const nowMs = Date.parse("2026-02-01T00:00:00Z");
const digits = "0123456789abcdef";

/** Builds of as many days, the newest first: that of today is `0`. */
function builds(count: number): PublishedBuild[] {
  return Array.from({ length: count }, (_, age) => ({
    repository: "r.example/team/jupyter",
    inputsHash: digits.charAt(age).repeat(64),
    digest: digest(digits.charAt(age)),
    publishedAt: new Date(nowMs - age * 24 * 3_600_000).toISOString(),
    tags: [`v${age}`],
  }));
}

function goneOf(
  published: PublishedBuild[],
  retention: ImageSpec["retention"],
  more: { used?: string[]; shared?: string[]; deleted?: boolean; image?: string } = {},
): string[] {
  const image: Image = storedImage(
    { ...(retention && { retention }) },
    { status: { published, ...(more.image !== undefined && { image: more.image }) } },
  );
  if (more.deleted) image.metadata.deletionTimestamp = "2026-02-01T00:00:00Z";
  const plan = planRetention({ image, nowMs, used: new Set(more.used), shared: new Set(more.shared) });
  return plan.map(({ inputsHash }) => inputsHash.charAt(0));
}

describe("the builds that go", () => {
  it("are those beyond the number that is kept", () => {
    expect(goneOf(builds(5), { keep: 3 })).toEqual(["3", "4"]);
    expect(goneOf(builds(12), undefined)).toEqual(["a", "b"]);
    expect(goneOf(builds(2), { keep: 3 })).toEqual([]);
  });

  it("are those that are too old, but never the newest one", () => {
    expect(goneOf(builds(5), { keep: 10, maxAge: "36h" })).toEqual(["2", "3", "4"]);
    const [, , old] = builds(3) as [PublishedBuild, PublishedBuild, PublishedBuild];
    expect(goneOf([old], { keep: 10, maxAge: "1h" })).toEqual([]);
  });

  it("are none whose digest, or that of its index, is used", () => {
    const published = builds(5);
    Object.assign(published[4]!, { indexDigest: digest("f") });
    expect(goneOf(published, { keep: 2 }, { used: [digest("3"), digest("f")] })).toEqual(["2"]);
  });

  it("are none with a protected tag", () => {
    expect(goneOf(builds(5), { keep: 1, protect: ["v3", "v4*"] })).toEqual(["1", "2"]);
  });

  it("are none that another Image has, too", () => {
    const published = builds(3);
    expect(goneOf(published, { keep: 1 }, { shared: [buildKey(published[2]!)] })).toEqual(["1"]);
  });

  it("are none that is being verified, which counts as none of those that are kept, either", () => {
    const published = builds(4);
    delete published[0]?.digest;
    expect(goneOf(published, { keep: 2 })).toEqual(["3"]);
  });

  it("are none that consumers run, wherever it stands in the list", () => {
    const published = builds(4);
    const image = `${published[3]!.repository}@${published[3]!.digest}`;
    expect(goneOf(published, { keep: 1 }, { image })).toEqual(["1", "2"]);
  });

  it("are also those of the same content as one that stays", () => {
    const published = builds(3).map((build) => ({ ...build, digest: digest("0") }));
    const image = `${published[0]!.repository}@${digest("0")}`;
    expect(goneOf(published, { keep: 1 }, { image })).toEqual(["1", "2"]);
  });

  it("are none when the Image is deleted, unless they are to go with it", () => {
    expect(goneOf(builds(12), { onDelete: "Keep" }, { deleted: true })).toEqual([]);
    expect(goneOf(builds(12), undefined, { deleted: true })).toEqual([]);
  });

  it("are then all that nothing uses and nobody protects, whatever else is said", () => {
    const retention = { onDelete: "Delete" as const, keep: 5, protect: ["v1"] };
    expect(goneOf(builds(4), retention, { deleted: true, used: [digest("2")] })).toEqual(["0", "3"]);
  });
});

it.each([
  ["v1", ["v1"], true],
  ["v10", ["v1"], false],
  ["v10", ["v1*"], true],
  ["v1", ["v1*"], true],
  ["latest", [], false],
  ["a.b", ["a*b"], false],
])("knows whether %s is one of %j: %j", (tag, patterns, is) => {
  expect(isProtectedTag(tag, patterns)).toBe(is);
});
