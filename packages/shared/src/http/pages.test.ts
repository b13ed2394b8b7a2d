import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pages } from "./pages.ts";
import { Problem } from "./problem.ts";

const pages = new Pages(() => ["key-1"]);
const keyOf = (name: string) => name;
const list = ["runtimes"];

/** Every page of a list; `change` may change the list between two of them. */
function walk(
  items: string[],
  limit: number,
  change: (items: string[]) => string[] = (same) => same,
): string[] {
  const seen: string[] = [];
  let now = items;
  let cursor: string | undefined;
  do {
    const page = pages.of(now, { limit, continue: cursor, list, keyOf });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    seen.push(...page.items);
    cursor = page.continue ?? undefined;
    now = change(now);
  } while (cursor !== undefined);
  return seen;
}

function problemOf(cursor: string, options: { keys?: string[]; list?: string[] } = {}): unknown {
  const reader = new Pages(() => options.keys ?? ["key-1"]);
  try {
    return reader.of(["a", "b", "c"], { limit: 1, continue: cursor, list: options.list ?? list, keyOf });
  } catch (error) {
    return error instanceof Problem ? [error.status, error.type] : error;
  }
}

const first = pages.of(["a", "b", "c"], { limit: 1, list, keyOf }).continue!;

describe("the pages of a list", () => {
  it("show everything once, in order", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 5 }), (items, limit) => {
        const expected = [...items].sort((a, b) => (a < b ? -1 : 1));
        expect(walk(items, limit)).toEqual(expected);
      }),
    );
  });

  it("leave out nothing that stays, whatever comes and goes between them", () => {
    const staying = ["a", "c", "e", "g"];
    let turn = 0;
    const seen = walk([...staying, "b"], 1, () => [...staying, `d${++turn}`]);
    expect(seen.filter((name) => staying.includes(name))).toEqual(staying);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("can be followed with either key while a key is replaced", () => {
    expect(problemOf(first, { keys: ["key-2", "key-1"] })).toMatchObject({ items: ["b"] });
  });

  it.each([
    ["text", "forged", {}],
    ["nothing", "", {}],
    ["a position without a signature", Buffer.from("a").toString("base64url"), {}],
    ["a cursor of another position", first.replace(/^[^.]*/, Buffer.from("b").toString("base64url")), {}],
    ["a cursor with more behind it", `${first}.a`, {}],
    ["a cursor of another list", first, { list: ["pools"] }],
    ["a cursor that was signed with a key that is gone", first, { keys: ["key-3"] }],
  ])("do not follow %s", (_, cursor, options) => {
    expect(problemOf(cursor, options)).toEqual([400, "bad-cursor"]);
  });
});
