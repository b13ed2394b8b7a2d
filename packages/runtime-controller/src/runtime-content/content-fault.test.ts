import type { RuntimeContentSpec } from "@datalayer/shared/crds/runtime-content";
import { describe, expect, it } from "vitest";
import { storedContent } from "../../test/content-objects.ts";
import { contentFaultOf, type ContentSurroundings } from "./content-fault.ts";

const surroundings: ContentSurroundings = { sharedClaim: "shared-fs-pvc" };
const nfs = { type: "nfs", subPath: "datasets/public" } as const;
const s3 = { type: "s3", source: "landsat", secret: "s3-secret" } as const;

function faultOf(spec: Partial<RuntimeContentSpec>, around = surroundings): string | undefined {
  const fault = contentFaultOf(storedContent(spec), around);
  return fault && `${fault.reason}: ${fault.message}`;
}

describe("a content", () => {
  it.each<[string, Partial<RuntimeContentSpec>]>([
    ["git at a commit", {}],
    ["git over ssh", { source: "git@git.example.org:team/course.git" }],
    ["nfs with a folder", nfs],
    ["s3 with a Secret", s3],
  ])("can be %s", (_, spec) => {
    expect(faultOf(spec)).toBeUndefined();
  });

  const table: [string, Partial<RuntimeContentSpec>, string][] = [
    [
      "git without a commit",
      { revision: undefined },
      "RevisionMissing: spec.revision is not set; expected the commit to check out, as 40 hexadecimal digits.",
    ],
    [
      "git without encryption",
      { source: "http://git.example.org/a.git" },
      "SourceRefused: spec.source: http://git.example.org/a.git: expected https:// or ssh://.",
    ],
    [
      "git of the metadata service",
      { source: "https://169.254.169.254/a.git" },
      "SourceRefused: spec.source: https://169.254.169.254/a.git: repositories are never fetched from this host.",
    ],
    [
      "git of the node itself",
      { source: "git@localhost:a.git" },
      "SourceRefused: spec.source: git@localhost:a.git: repositories are never fetched from this host.",
    ],
    [
      "nfs without a folder",
      { type: "nfs" },
      'SubPathMissing: spec.subPath: ""; expected the path of a folder in the shared file system.',
    ],
    [
      "nfs of all folders",
      { type: "nfs", subPath: "./" },
      'SubPathMissing: spec.subPath: "./"; expected the path of a folder in the shared file system.',
    ],
    [
      "s3 without a Secret",
      { ...s3, secret: undefined },
      "SecretMissing: spec.secret is not set; expected the name of a Secret with access_key_id, secret_access_key and region.",
    ],
  ];
  it.each(table)("cannot be %s", (_, spec, expected) => {
    expect(faultOf(spec)).toBe(expected);
  });

  it("cannot be nfs where no claim of the shared file system is set", () => {
    expect(faultOf(nfs, {})).toContain("DATALAYER_SHARED_FS_VOLUME_CLAIM_NAME");
    expect(faultOf(nfs, {})).toMatch(/^SharedClaimMissing/);
  });

  it("cannot have the uid of an older one", () => {
    const uid = "01J9Z8W7V6T5S4R3Q2P1N0M9K8";
    expect(faultOf({ uid }, { ...surroundings, ofSameUid: storedContent({ uid }, { name: "older" }) })).toBe(
      `UidTaken: spec.uid: ${uid} is the uid of RuntimeContent "older", which is older; expected one that no other content has.`,
    );
    expect(faultOf({ uid }, { ...surroundings, ofSameUid: storedContent({ uid }) })).toBeUndefined();
  });
});
