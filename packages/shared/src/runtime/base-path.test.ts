import { describe, expect, it } from "vitest";
import { basePathOf } from "./base-path.ts";

describe("the path of a runtime", () => {
  it("is the published one", () => {
    expect(basePathOf({ pool: "python-simple-pool", ulid: "01j9" })).toBe(
      "/jupyter/server/python-simple-pool/01j9",
    );
  });

  it("keeps a name in one segment", () => {
    expect(basePathOf({ pool: "a/../b", ulid: "u" })).toBe("/jupyter/server/a%2F..%2Fb/u");
  });
});
