import { describe, expect, it } from "vitest";
import { contentsOf, storedContent } from "../../test/content-objects.ts";
import { type ContentReference, isNamedIn, selectContents } from "./selection.ts";

const namespace = "datalayer-runtimes";
const uid = "01J9Z8W7V6T5S4R3Q2P1N0M9K8";
const mount = "/home/datalayer/course";
const readOnly = storedContent({ uid });
const writable = storedContent({ permissions: "rw" }, { name: "scratch" });
const unready = storedContent(
  {},
  {
    name: "broken",
    status: {
      observedGeneration: 1,
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "RevisionMissing",
          message: "spec.revision is not set.",
          lastTransitionTime: "",
        },
        { type: "Stalled", status: "True", reason: "RevisionMissing", message: "", lastTransitionTime: "" },
      ] as NonNullable<typeof readOnly.status>["conditions"],
    },
  },
);
const changed = storedContent({}, { name: "changed", status: { ...readOnly.status, observedGeneration: 0 } });
const contents = contentsOf([readOnly, writable, unready, changed]);

function select(...references: Partial<ContentReference>[]) {
  return selectContents(
    references.map((reference) => ({ mount, ...reference })),
    namespace,
    contents,
  );
}

describe("a reference to a content", () => {
  it.each<[string, Partial<ContentReference>, string, boolean]>([
    ["finds it by name", { name: "course" }, "course", true],
    ["finds it by uid", { uid }, "course", true],
    ["finds it by its uid in lower case", { uid: uid.toLowerCase() }, "course", true],
    ["lets write what may be written", { name: "scratch" }, "scratch", false],
    [
      "lets write what may be written, when it says so",
      { name: "scratch", permissions: "rw" },
      "scratch",
      false,
    ],
    ["narrows what may be written", { name: "scratch", permissions: "ro" }, "scratch", true],
  ])("%s", (_, reference, name, isReadOnly) => {
    const [mounted] = select(reference).mounted ?? [];
    expect(mounted?.content.metadata.name).toBe(name);
    expect(mounted).toMatchObject({ mount, readOnly: isReadOnly });
  });

  it.each<[string, Partial<ContentReference>, string]>([
    [
      "by a name that nothing has",
      { name: "absent" },
      'ContentNotFound: spec.contents[1].name: there is no RuntimeContent "absent" in namespace datalayer-runtimes.',
    ],
    [
      "by a uid that nothing has",
      { uid: "01J9Z8W7V6T5S4R3Q2P1N0M9K9" },
      "ContentNotFound: spec.contents[1].uid: there is no RuntimeContent with uid 01J9Z8W7V6T5S4R3Q2P1N0M9K9 in namespace datalayer-runtimes.",
    ],
    [
      "to one that is not ready",
      { name: "broken" },
      'ContentNotReady: spec.contents[1]: RuntimeContent "broken" is not ready: spec.revision is not set.',
    ],
    [
      "to one that has changed since it was found ready",
      { name: "changed" },
      'ContentNotReady: spec.contents[1]: RuntimeContent "changed" is not ready: it has not been looked at yet.',
    ],
    [
      "that widens what is permitted",
      { name: "course", permissions: "rw" },
      'PermissionsWidened: spec.contents[1].permissions: rw; expected ro, which is what RuntimeContent "course" permits: an environment may only narrow it.',
    ],
  ])("%s spoils the selection", (_, reference, expected) => {
    const { mounted, faults } = select({ name: "scratch" }, reference);
    expect(mounted).toBeUndefined();
    expect(faults?.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([expected]);
  });

  it("passes by itself when the content has only not been looked at yet", () => {
    expect(select({ name: "changed" }).faults?.[0].isPassing).toBe(true);
    expect(select({ name: "broken" }).faults?.[0].isPassing).toBe(false);
  });

  it("does not find what is in another namespace", () => {
    expect(selectContents([{ name: "course", mount }], "other", contents).faults).toHaveLength(1);
    expect(selectContents([{ uid, mount }], "other", contents).faults).toHaveLength(1);
  });

  it("finds the older of two with the same uid", () => {
    const older = storedContent({ uid }, { name: "z-older", createdAt: "2025-01-01T00:00:00Z" });
    const { mounted } = selectContents([{ uid, mount }], namespace, contentsOf([readOnly, older]));
    expect(mounted?.[0]?.content.metadata.name).toBe("z-older");
  });
});

describe("a content", () => {
  it.each<[string, ContentReference[] | undefined, boolean]>([
    ["by name", [{ name: "course", mount }], true],
    ["by uid", [{ uid: uid.toLowerCase(), mount }], true],
    ["not by the name of another", [{ name: "other", mount }], false],
    ["not by no references", undefined, false],
  ])("is named %s", (_, references, expected) => {
    expect(isNamedIn(readOnly, references)).toBe(expected);
  });

  it("without a uid is not named by one", () => {
    expect(isNamedIn(writable, [{ uid, mount }])).toBe(false);
  });
});
