import { describe, expect, it } from "vitest";
import { OpenItems } from "./open-items.ts";

describe("what is under way", () => {
  it.each(["abc", "acb", "bac", "bca", "cab", "cba"])("is removed in any order: %s", (order) => {
    const items = new OpenItems<string>();
    const removals = new Map(["a", "b", "c"].map((item) => [item, items.add(item)] as const));
    const left = new Set("abc");
    for (const item of order) {
      removals.get(item)?.();
      left.delete(item);
      expect(new Set(items.all())).toEqual(left);
      expect(items.size).toBe(left.size);
    }
  });

  it("is removed once, and alike items are told apart", () => {
    const items = new OpenItems<string>();
    const remove = items.add("a");
    items.add("a");
    remove();
    remove();
    expect(items.all()).toEqual(["a"]);
  });

  it("may change while all of it is gone through", () => {
    const items = new OpenItems<() => void>();
    for (let count = 0; count < 3; count++) {
      const remove = items.add(() => remove());
    }
    for (const end of items.all()) end();
    expect(items.size).toBe(0);
  });
});
