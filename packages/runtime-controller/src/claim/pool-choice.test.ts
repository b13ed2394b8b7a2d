import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { describe, expect, it } from "vitest";
import { storedPool } from "../../test/pool-objects.ts";
import { poolsFor, type PoolWish, wanted } from "./pool-choice.ts";

function pool(path: string, environment: string, deletionTimestamp?: string): RuntimePool {
  const [namespace, name] = path.split("/") as [string, string];
  const stored = storedPool({ environment }, { name });
  return {
    ...stored,
    metadata: { ...stored.metadata, namespace, ...(deletionTimestamp && { deletionTimestamp }) },
  };
}

const pools = [
  pool("team-b/python-large", "python"),
  pool("team-b/ai", "ai"),
  pool("team-a/python-small", "python"),
  pool("team-a/python-big", "python"),
  pool("team-a/python-leaving", "python", "2026-01-01T00:00:00Z"),
];
const chosen = (wish: PoolWish): string[] =>
  poolsFor(wish, pools).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

describe("the pools for a claim", () => {
  it.each<[string, PoolWish, string[]]>([
    [
      "all of its environment, in one namespace",
      { environment: "python" },
      ["team-a/python-big", "team-a/python-small"],
    ],
    ["the one that it names", { pool: "python-small" }, ["team-a/python-small"]],
    ["the one that it names, of that environment", { pool: "ai", environment: "ai" }, ["team-b/ai"]],
    [
      "those of the namespace that it names",
      { environment: "python", namespace: "team-b" },
      ["team-b/python-large"],
    ],
  ])("are %s", (_, wish, expected) => {
    expect(chosen(wish)).toEqual(expected);
  });

  it.each<[string, PoolWish, string]>([
    ["an unknown environment", { environment: "r" }, 'serves environment "r"'],
    ["an unknown pool", { pool: "large" }, 'is named "large"'],
    [
      "a pool of another environment",
      { pool: "ai", environment: "python" },
      'is named "ai" and serves environment "python"',
    ],
    [
      "another namespace",
      { pool: "ai", namespace: "team-a" },
      'is named "ai" and lies in namespace "team-a"',
    ],
    ["a pool that is being deleted", { pool: "python-leaving" }, 'is named "python-leaving"'],
  ])("are none for %s, which the refusal names", (_, wish, text) => {
    expect(() => chosen(wish)).toThrow(
      expect.objectContaining({ refusal: "not-found", message: `no runtime pool ${text}` }),
    );
  });

  it("are named by what was asked for", () => {
    expect(wanted({ environment: "python" })).toBe('serves environment "python"');
  });
});
