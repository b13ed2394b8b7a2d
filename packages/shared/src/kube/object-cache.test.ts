import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { storedConfigMap } from "../../test/config-map.ts";
import { ManualClock } from "../clock/manual-clock.ts";
import type { ConfigMap } from "./kinds.ts";
import { keyOf } from "./object.ts";
import { type Change, ObjectCache } from "./object-cache.ts";
import type { WatchEvent } from "./watch.ts";

const ref = { namespace: "team", name: "a" };

function newCache(clock = new ManualClock()): ObjectCache<ConfigMap> {
  return new ObjectCache<ConfigMap>({
    clock,
    indexers: { color: (object) => Object.values(object.data ?? {}) },
  });
}

function event(type: "ADDED" | "MODIFIED" | "DELETED", object: ConfigMap): WatchEvent<ConfigMap> {
  return { type, object };
}

function bookmark(resourceVersion: string): WatchEvent<ConfigMap> {
  return { type: "BOOKMARK", object: { metadata: { resourceVersion } } };
}

function summary(changes: Change<ConfigMap>[]): string[] {
  return changes.map(
    ({ type, object }) => `${type} ${object.metadata.uid}@${object.metadata.resourceVersion}`,
  );
}

describe("a cache that follows a watch", () => {
  it("reports an object replaced under its name as a deletion and an addition", () => {
    const cache = newCache();
    cache.replace([storedConfigMap()], "10");
    const changes = cache.observe(
      event("MODIFIED", storedConfigMap({ uid: "uid-2", resourceVersion: "12" })),
    );
    expect(summary(changes)).toEqual(["deleted uid-1@10", "added uid-2@12"]);
  });

  it("reports with a relist only what has changed", () => {
    const cache = newCache();
    const [kept, changed, gone, fresh] = ["kept", "changed", "gone", "fresh"].map((name) =>
      storedConfigMap({ name, uid: name }),
    );
    cache.replace([kept!, changed!, gone!], "10");
    const newer = { ...changed!, metadata: { ...changed!.metadata, resourceVersion: "15" } };
    const changes = cache.replace([kept!, newer, fresh!], "20");
    expect(summary(changes)).toEqual(["modified changed@15", "added fresh@10", "deleted gone@10"]);
    expect(changes.every(({ initial }) => initial)).toBe(true);
  });

  it("ignores events that it has seen", () => {
    const cache = newCache();
    cache.replace([], "5");
    const added = event("ADDED", storedConfigMap({ resourceVersion: "6" }));
    const deleted = event("DELETED", storedConfigMap({ resourceVersion: "7" }));
    expect(summary([added, deleted, added, deleted].flatMap((each) => cache.observe(each)))).toEqual([
      "added uid-1@6",
      "deleted uid-1@7",
    ]);
    expect(cache.list()).toEqual([]);
  });

  it("goes back when a list says that the server went back", () => {
    const cache = newCache();
    cache.replace([storedConfigMap({ resourceVersion: "90" })], "100");
    cache.replace([storedConfigMap({ resourceVersion: "40" })], "50");
    expect(cache.resourceVersion).toBe("50");
    expect(cache.get(ref)?.metadata.resourceVersion).toBe("40");
    expect(summary(cache.observe(event("MODIFIED", storedConfigMap({ resourceVersion: "51" }))))).toEqual([
      "modified uid-1@51",
    ]);
  });
});

describe("a write of our own", () => {
  it("is visible at once, also through the indexes, and reported only by the watch", () => {
    const cache = newCache();
    cache.replace([storedConfigMap({}, { color: "red" })], "10");
    const written = storedConfigMap({ resourceVersion: "12" }, { color: "blue" });
    cache.recordWrite(written);
    expect(cache.get(ref)).toBe(written);
    expect(cache.byIndex("color", "blue")).toEqual([written]);
    expect(cache.byIndex("color", "red")).toEqual([]);
    expect(summary(cache.observe(event("MODIFIED", written)))).toEqual(["modified uid-1@12"]);
  });

  it("is not undone by an older event", () => {
    const cache = newCache();
    cache.replace([storedConfigMap()], "10");
    cache.recordWrite(storedConfigMap({ resourceVersion: "12" }));
    cache.observe(event("MODIFIED", storedConfigMap({ resourceVersion: "11" })));
    expect(cache.get(ref)?.metadata.resourceVersion).toBe("12");
  });

  it("does not bring back what the watch has deleted since", () => {
    const cache = newCache();
    cache.replace([storedConfigMap()], "10");
    cache.observe(event("DELETED", storedConfigMap({ resourceVersion: "13" })));
    cache.recordWrite(storedConfigMap({ resourceVersion: "12" }));
    expect(cache.get(ref)).toBeUndefined();
  });

  it("gives way to the watch at a bookmark beyond it", () => {
    const cache = newCache();
    cache.replace([], "10");
    cache.recordWrite(storedConfigMap({ resourceVersion: "12" }));
    cache.observe(bookmark("11"));
    expect(cache.get(ref)).toBeDefined();
    cache.observe(bookmark("12"));
    expect(cache.get(ref)).toBeUndefined();
  });

  it("gives way to a later write, in whatever order the answers arrive", () => {
    const cache = newCache();
    cache.recordWrite(storedConfigMap({ resourceVersion: "14" }));
    cache.recordWrite(storedConfigMap({ resourceVersion: "12" }));
    expect(cache.get(ref)?.metadata.resourceVersion).toBe("14");
  });

  it("ends after a minute when the watch never tells of it", async () => {
    const clock = new ManualClock();
    const cache = newCache(clock);
    cache.replace([], "10");
    cache.recordWrite(storedConfigMap({ resourceVersion: "99" }));
    await clock.advance(60_000);
    cache.observe(bookmark("50"));
    expect(cache.get(ref)).toBeUndefined();
  });

  it("is not kept when its resourceVersion has no order", () => {
    const cache = newCache();
    cache.recordWrite(storedConfigMap({ resourceVersion: "opaque" }));
    expect(cache.get(ref)).toBeUndefined();
  });
});

describe("a deletion of our own", () => {
  it("hides the object at once and through older events", () => {
    const cache = newCache();
    cache.replace([storedConfigMap({}, { color: "red" })], "10");
    cache.recordDelete(ref, "uid-1");
    cache.observe(event("MODIFIED", storedConfigMap({ resourceVersion: "11" }, { color: "red" })));
    expect([cache.get(ref), cache.list(), cache.byIndex("color", "red")]).toEqual([undefined, [], []]);
  });

  it("does not hide the next object of that name", () => {
    const cache = newCache();
    cache.replace([storedConfigMap()], "10");
    cache.recordDelete(ref, "uid-1");
    cache.recordWrite(storedConfigMap({ uid: "uid-2", resourceVersion: "13" }));
    expect(cache.get(ref)?.metadata.uid).toBe("uid-2");
    cache.recordDelete(ref, "uid-1");
    cache.observe(event("DELETED", storedConfigMap({ resourceVersion: "12" })));
    cache.observe(event("ADDED", storedConfigMap({ uid: "uid-2", resourceVersion: "13" })));
    expect(cache.get(ref)?.metadata.uid).toBe("uid-2");
  });

  it("shows the object again once the watch says that it is terminating", () => {
    const cache = newCache();
    cache.replace([storedConfigMap()], "10");
    cache.recordDelete(ref, "uid-1");
    cache.observe(
      event(
        "MODIFIED",
        storedConfigMap({ resourceVersion: "11", deletionTimestamp: "2026-01-01T00:00:00Z" }),
      ),
    );
    expect(cache.get(ref)?.metadata.deletionTimestamp).toBeDefined();
  });

  it("keeps an object hidden that was terminating before", () => {
    const cache = newCache();
    cache.replace([storedConfigMap({ deletionTimestamp: "2026-01-01T00:00:00Z" })], "10");
    cache.recordDelete(ref, "uid-1");
    expect(cache.get(ref)).toBeUndefined();
  });

  it("is not undone by the late answer to an earlier write", () => {
    const cache = newCache();
    cache.replace([storedConfigMap()], "10");
    cache.recordDelete(ref, "uid-1");
    cache.recordWrite(storedConfigMap({ resourceVersion: "11" }));
    expect(cache.get(ref)).toBeUndefined();
  });
});

describe("any history of a server", () => {
  const step = fc.record({
    act: fc.constantFrom(
      "create",
      "update",
      "delete",
      "recreate",
      "own write",
      "own delete",
      "deliver",
      "bookmark",
      "replay",
      "relist",
    ),
    name: fc.constantFrom("a", "b", "c"),
    color: fc.constantFrom("red", "blue"),
  });

  it("leaves the cache with the server's objects, and its indexes with the cache's", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const server = new Server();
        const cache = newCache();
        cache.replace([], "0");
        for (const { act, name, color } of steps) {
          server.play(cache, act, { name, color });
          for (const value of ["red", "blue"]) {
            const scanned = cache.list().filter((object) => object.data?.["color"] === value);
            expect(new Set(cache.byIndex("color", value))).toEqual(new Set(scanned));
          }
        }
        server.deliverAll(cache);
        expect(new Map(cache.list().map((object) => [keyOf(object.metadata), object]))).toEqual(
          server.objects,
        );
      }),
    );
  });
});

interface Subject {
  name: string;
  color: string;
  existing: ConfigMap | undefined;
}

/** A server whose events wait until they are delivered; a write of ours is delivered later than its answer. */
class Server {
  readonly objects = new Map<string, ConfigMap>();
  readonly #pending: WatchEvent<ConfigMap>[] = [];
  readonly #delivered: WatchEvent<ConfigMap>[] = [];
  #revision = 0;

  play(cache: ObjectCache<ConfigMap>, act: string, { name, color }: { name: string; color: string }): void {
    const existing = this.objects.get(`team/${name}`);
    if (act.startsWith("own")) this.#byUs(cache, act, { name, color, existing });
    else if (act === "relist") this.#relist(cache);
    else if (act === "replay") for (const old of this.#delivered.slice(-3)) cache.observe(old);
    else if (act === "bookmark") this.#pending.push(bookmark(String(++this.#revision)));
    else if (act === "deliver") this.deliverAll(cache);
    else this.#byOthers(act, { name, color, existing });
  }

  #byUs(cache: ObjectCache<ConfigMap>, act: string, { name, color, existing }: Subject): void {
    if (act === "own write") {
      cache.recordWrite(this.#store(name, color, existing));
    } else if (existing) {
      this.#remove(existing);
      cache.recordDelete({ namespace: "team", name }, existing.metadata.uid);
    }
  }

  #byOthers(act: string, { name, color, existing }: Subject): void {
    if (existing && act !== "update") this.#remove(existing);
    if (act !== "delete") this.#store(name, color, act === "update" ? existing : undefined);
  }

  #relist(cache: ObjectCache<ConfigMap>): void {
    this.#pending.length = 0;
    cache.replace([...this.objects.values()], String(this.#revision));
  }

  deliverAll(cache: ObjectCache<ConfigMap>): void {
    for (const pending of this.#pending.splice(0)) {
      cache.observe(pending);
      this.#delivered.push(pending);
    }
  }

  #store(name: string, color: string, existing: ConfigMap | undefined): ConfigMap {
    const revision = String(++this.#revision);
    const uid = existing?.metadata.uid ?? `uid-${revision}`;
    const object = storedConfigMap({ name, uid, resourceVersion: revision }, { color });
    this.objects.set(`team/${name}`, object);
    this.#pending.push(event(existing ? "MODIFIED" : "ADDED", object));
    return object;
  }

  #remove(object: ConfigMap): void {
    const metadata = { ...object.metadata, resourceVersion: String(++this.#revision) };
    this.objects.delete(keyOf(metadata));
    this.#pending.push(event("DELETED", { ...object, metadata }));
  }
}
