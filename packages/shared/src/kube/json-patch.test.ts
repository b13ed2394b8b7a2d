import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapePointer, pointer } from "./json-patch.ts";

describe("JSON pointers", () => {
  it("escape the slash of a label key", () => {
    expect(pointer("metadata", "labels", "datalayer.io/pool")).toBe("/metadata/labels/datalayer.io~1pool");
  });

  it("give every key back when they are read as RFC 6901 says", () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        const escaped = escapePointer(key);
        expect(escaped).not.toContain("/");
        expect(escaped.replaceAll("~1", "/").replaceAll("~0", "~")).toBe(key);
      }),
    );
  });
});
