import { describe, expect, it } from "vitest";
import { runtimePod } from "../../test/pool-objects.ts";
import { contentMountsOf, isWanted, mountInTheWay } from "./content-mounts.ts";

const uid = "01KAQ2V8C4M3YQF3Y1K1W5B7ND";
const reference = { uid, mount: "/mnt/data" };
const mounted = {
  ...runtimePod("a"),
  spec: {
    containers: [
      {
        name: "jupyter",
        volumeMounts: [
          { name: "token", mountPath: "/var/run/secrets/datalayer.io/token", readOnly: true },
          { name: "shared-fs", mountPath: "/mnt/shared", subPath: "team" },
          { name: "content-0", mountPath: "/mnt/data", readOnly: true },
        ],
      },
    ],
  },
};

describe("the mounts of a runtime", () => {
  it("are the contents that its Pod has, by path, and none of the operator's own", () => {
    expect(contentMountsOf(mounted, [reference])).toEqual([
      { target: "mnt~data", mount: "/mnt/data", permissions: "ro", reference },
      { target: "mnt~shared", mount: "/mnt/shared", permissions: "rw", reference: undefined },
    ]);
  });

  it("are none in a Pod without contents", () => {
    expect(contentMountsOf({ ...mounted, spec: undefined }, [reference])).toEqual([]);
  });
});

describe("a wanted mount", () => {
  it.each([
    ["the same content at the same path", { uid, mount: "/mnt/data" }, true],
    ["in letters of another case", { uid: uid.toLowerCase(), mount: "/mnt/data" }, true],
    ["with the permissions it has", { uid, mount: "/mnt/data", permissions: "ro" as const }, true],
    ["with others", { uid, mount: "/mnt/data", permissions: "rw" as const }, false],
    ["elsewhere", { uid, mount: "/mnt/other" }, false],
    ["another content", { uid: "01KAQ2V8C4M3YQF3Y1K1W5B7NE", mount: "/mnt/data" }, false],
  ])("is there: %s", (_, wanted, expected) => {
    expect(isWanted(wanted, reference, "ro")).toBe(expected);
  });

  it.each([
    ["/mnt/data", true],
    ["/mnt/data/below", true],
    ["/mnt", true],
    ["/mnt/database", false],
    ["/other", false],
  ])("has another one in its way at %s: %s", (path, expected) => {
    expect(mountInTheWay(path, [reference]) !== undefined).toBe(expected);
  });
});
