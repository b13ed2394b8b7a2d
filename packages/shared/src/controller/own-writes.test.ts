import { describe, expect, it } from "vitest";
import { storedConfigMap } from "../../test/config-map.ts";
import type { ConfigMap } from "../kube/kinds.ts";
import type { Change } from "../kube/object-cache.ts";
import { OwnWrites } from "./own-writes.ts";

const KEY = "team/a";

function observed() {
  const foreign: string[] = [];
  const writes = new OwnWrites<ConfigMap>(({ type, object }) => {
    foreign.push(`${type} ${object.metadata.resourceVersion}`);
  });
  return { foreign, writes };
}

function change(resourceVersion: string, type: Change<ConfigMap>["type"] = "modified"): Change<ConfigMap> {
  return { type, object: storedConfigMap({ resourceVersion }), initial: false };
}

const stored = (resourceVersion: string) => Promise.resolve(storedConfigMap({ resourceVersion }));

describe("own writes", () => {
  it("are not told when the watch shows them, before or after the answer", async () => {
    const { foreign, writes } = observed();
    await writes.during(KEY, () => stored("11"));
    writes.heed(change("11"));
    await writes.during(KEY, () => {
      writes.heed(change("12"));
      return stored("12");
    });
    expect(foreign).toEqual([]);
    expect(writes.lastUnseen(KEY)).toBeUndefined();
  });

  it("do not hide what others do meanwhile", async () => {
    const { foreign, writes } = observed();
    await writes.during(KEY, () => {
      writes.heed(change("11"));
      writes.heed(change("12"));
      writes.heed(change("13"));
      return stored("12");
    });
    expect(foreign).toEqual(["modified 11", "modified 13"]);
  });

  it("do not hide anything when they fail", async () => {
    const { foreign, writes } = observed();
    const failing = writes.during(KEY, () => {
      writes.heed(change("11"));
      return Promise.reject(new Error("409"));
    });
    await expect(failing).rejects.toThrow("409");
    expect(foreign).toEqual(["modified 11"]);
  });

  it("are two when two follow each other before the watch shows either", async () => {
    const { foreign, writes } = observed();
    await writes.during(KEY, () => stored("11"));
    await writes.during(KEY, () => stored("12"));
    expect(writes.lastUnseen(KEY)).toBe("12");
    writes.heed(change("11"));
    expect(writes.lastUnseen(KEY)).toBe("12");
    writes.heed(change("12"));
    expect(foreign).toEqual([]);
    expect(writes.lastUnseen(KEY)).toBeUndefined();
  });

  it("are forgotten with the object, and when the watch has passed them", async () => {
    const { foreign, writes } = observed();
    await writes.during(KEY, () => stored("11"));
    writes.heed(change("13", "deleted"));
    expect(foreign).toEqual(["deleted 13"]);
    expect(writes.lastUnseen(KEY)).toBeUndefined();
    await writes.during(KEY, () => stored("21"));
    writes.passed(KEY, "21");
    expect(writes.lastUnseen(KEY)).toBeUndefined();
  });
});
