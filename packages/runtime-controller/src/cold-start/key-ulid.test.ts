import { expect, it } from "vitest";
import { ulidOfKey } from "./key-ulid.ts";

it("gives each key one ULID of its own", () => {
  const ulids = ["a", "b", "c"].map((key) => ulidOfKey(key));
  expect(ulidOfKey("a")).toBe(ulids[0]);
  expect(new Set(ulids).size).toBe(3);
  for (const ulid of ulids) expect(ulid).toMatch(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/);
});
