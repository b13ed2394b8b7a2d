import { describe, expect, it } from "vitest";
import { storedContent } from "../../test/content-objects.ts";
import { runtimePod } from "../../test/pool-objects.ts";
import { annotation } from "../runtime/names.ts";
import {
  contentMountsOf,
  contentsAnnotation,
  hasMounted,
  isWanted,
  mountInTheWay,
  targetOf,
} from "./content-mounts.ts";

const uid = "01KAQ2V8C4M3YQF3Y1K1W5B7ND";
const other = "01KAQ2V8C4M3YQF3Y1K1W5B7NE";
const shared = { content: storedContent({}, { name: "team" }), mount: "/mnt/shared", readOnly: false };
const data = { content: storedContent({ uid }), mount: "/mnt/data", readOnly: true };
const mounted = runtimePod("a", { annotations: contentsAnnotation([shared, data]) });

describe("the mounts of a runtime", () => {
  it("are the contents that its Pod was made with, by path", () => {
    expect(contentMountsOf(mounted)).toEqual([
      { mount: "/mnt/data", permissions: "ro", name: "course", uid },
      { mount: "/mnt/shared", permissions: "rw", name: "team" },
    ]);
  });

  it("are none in a Pod without contents, which says nothing of them", () => {
    expect(contentsAnnotation([])).toEqual({});
    expect(contentMountsOf(runtimePod("a"))).toEqual([]);
  });

  it.each([
    ["no JSON", "{"] as const,
    ["another form", '{"mount":"/"}'] as const,
    ["a part", '[{"uid":"x"}]'] as const,
  ])("are none where somebody else wrote them: %s", (_, text) => {
    expect(contentMountsOf(runtimePod("a", { annotations: { [annotation.contents]: text } }))).toEqual([]);
  });

  it("are named in URLs by their path", () => {
    expect(targetOf("/mnt/data")).toBe("mnt~data");
  });
});

describe("a Pod", () => {
  it.each([
    ["nothing", [], true],
    ["what it was made with", [{ uid, mount: "/mnt/data" }], true],
    [
      "one thing more",
      [
        { uid, mount: "/mnt/data" },
        { uid: other, mount: "/mnt/other" },
      ],
      false,
    ],
    ["another content at the same path", [{ uid: other, mount: "/mnt/data" }], false],
  ])("has mounted all that is wanted: %s", (_, wanted, expected) => {
    expect(hasMounted(mounted, wanted)).toBe(expected);
  });
});

describe("a wanted mount", () => {
  const there = { uid, mount: "/mnt/data", permissions: "ro" as const };

  it.each([
    ["the same content at the same path", { uid, mount: "/mnt/data" }, true],
    ["in letters of another case", { uid: uid.toLowerCase(), mount: "/mnt/data" }, true],
    ["with the permissions it has", { uid, mount: "/mnt/data", permissions: "ro" as const }, true],
    ["with others", { uid, mount: "/mnt/data", permissions: "rw" as const }, false],
    ["elsewhere", { uid, mount: "/mnt/other" }, false],
    ["another content", { uid: other, mount: "/mnt/data" }, false],
  ])("is there: %s", (_, wanted, expected) => {
    expect(isWanted(wanted, there)).toBe(expected);
  });

  it.each([
    ["/mnt/data", true],
    ["/mnt/data/below", true],
    ["/mnt", true],
    ["/mnt/database", false],
    ["/other", false],
  ])("has another one in its way at %s: %s", (path, expected) => {
    expect(mountInTheWay(path, [there]) !== undefined).toBe(expected);
  });
});
