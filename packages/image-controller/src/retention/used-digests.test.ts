import type { Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { digest, storedImage } from "../../test/builders.ts";
import { buildKey, sharedBuilds, usedDigests } from "./used-digests.ts";

const published = [
  { repository: "r.example/a", inputsHash: "1".repeat(64), digest: digest("1") },
  { repository: "r.example/a", inputsHash: "2".repeat(64), digest: digest("2") },
];
const own = storedImage(
  {},
  {
    status: {
      image: `r.example/a@${digest("1")}`,
      baseImages: [{ reference: "debian", digest: digest("b") }],
      published,
    },
  },
);
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", uid: "p", resourceVersion: "1", creationTimestamp: "" },
  spec: { containers: [{ name: "main", image: "r.example/a:latest" }] },
  status: {
    containerStatuses: [
      {
        name: "main",
        image: "",
        imageID: `r.example/a@${digest("2")}`,
        ready: true,
        restartCount: 0,
      },
    ],
  },
} satisfies Pod;

describe("the digests that are used", () => {
  it("are none of those that the Image itself has", () => {
    expect(usedDigests(own, { images: [own], others: [] })).toEqual(new Set());
  });

  it("are what runs, whatever its Pod was told", () => {
    expect(usedDigests(own, { images: [own], others: [pod] })).toContain(digest("2"));
  });

  it("are none that a build has only said to have pushed", () => {
    const terminated = { exitCode: 0, message: digest("3") };
    const [status] = pod.status.containerStatuses;
    const containerStatuses = [{ ...status, state: { terminated } }];
    const others = [{ ...pod, status: { containerStatuses } }];
    expect(usedDigests(own, { images: [own], others })).toEqual(new Set([digest("2")]));
  });

  it("are all that another Image has, or builds on", () => {
    const other = storedImage(
      {},
      { name: "other", status: { published, baseImages: own.status!.baseImages! } },
    );
    expect(usedDigests(own, { images: [own, other], others: [] })).toContain(digest("2"));
    expect(sharedBuilds(own, { images: [own, other], others: [] })).toEqual(new Set(published.map(buildKey)));
    expect(sharedBuilds(own, { images: [own], others: [] })).toEqual(new Set());
  });
});
