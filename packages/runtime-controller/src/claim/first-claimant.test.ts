import type { Pod } from "@datalayer/shared/kube/kinds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runtimePod } from "../../test/pool-objects.ts";
import { firstClaimant, type PodsAt } from "./first-claimant.ts";

/** What one write does to one of the Pods. */
interface Write {
  pod: string;
  does: "touch" | "claim" | "delete";
}

/** A store whose every version can be read: what an API server remembers. */
class SimulatedHistory {
  readonly #versions: ReadonlyMap<string, bigint>[] = [new Map()];
  readonly #claimed = new Set<string>();
  readonly #gone = new Set<string>();
  /** In the order in which the Pods got the key. */
  readonly claims: string[] = [];

  write({ pod, does }: Write): void {
    if (this.#gone.has(pod)) return;
    const next = new Map(this.#versions.at(-1));
    if (does === "claim" && !this.#claimed.has(pod)) {
      this.#claimed.add(pod);
      this.claims.push(pod);
    }
    if (does === "delete") this.#gone.add(pod);
    if (does === "delete") next.delete(pod);
    else if (this.#claimed.has(pod)) next.set(pod, BigInt(this.#versions.length));
    this.#versions.push(next);
  }

  get newest(): bigint {
    return BigInt(this.#versions.length - 1);
  }

  readonly podsAt: PodsAt = (version) => {
    const present = [...(this.#versions[Number(version)] ?? [])];
    return Promise.resolve(present.map(([name, resourceVersion]) => podAt(name, resourceVersion)));
  };
}

function podAt(name: string, resourceVersion: bigint): Pod {
  const pod = runtimePod(name);
  return { ...pod, metadata: { ...pod.metadata, resourceVersion: String(resourceVersion) } };
}

const names = ["a", "b", "c", "d"];
const writes = (...kinds: Write["does"][]) =>
  fc.array(fc.record({ pod: fc.constantFrom(...names), does: fc.constantFrom(...kinds) }), { maxLength: 40 });

async function foundIn(history: SimulatedHistory): Promise<string | undefined> {
  return (await firstClaimant(history.podsAt, history.newest))?.metadata.name.replace("runtime-", "");
}

describe("the first claimant", () => {
  it("is the first that was claimed, whatever was written to the Pods before and after", async () => {
    await fc.assert(
      fc.asyncProperty(writes("touch", "claim"), async (all) => {
        const history = new SimulatedHistory();
        for (const write of all) history.write(write);
        expect(await foundIn(history)).toBe(history.claims[0]);
      }),
    );
  });

  it("stays the first when later claimants are deleted", async () => {
    await fc.assert(
      fc.asyncProperty(writes("touch", "claim", "delete"), async (all) => {
        const history = new SimulatedHistory();
        for (const write of all) {
          const isFirst = write.pod === (history.claims[0] ?? write.pod);
          if (write.does !== "delete" || !isFirst) history.write(write);
        }
        expect(await foundIn(history)).toBe(history.claims[0]);
      }),
    );
  });

  it("is nobody when no Pod carries the key", async () => {
    expect(await firstClaimant(() => Promise.resolve([]), 7n)).toBeUndefined();
  });

  it("compares versions as numbers: 9 comes before 10", async () => {
    const history = new SimulatedHistory();
    for (let version = 1; version < 9; version++) history.write({ pod: "c", does: "touch" });
    history.write({ pod: "b", does: "claim" });
    history.write({ pod: "a", does: "claim" });
    expect(await foundIn(history)).toBe("b");
  });
});
