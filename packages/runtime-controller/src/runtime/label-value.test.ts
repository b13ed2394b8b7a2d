import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLabelValue, labelValueOf } from "./label-value.ts";

const accepted = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/);
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Names of objects, as the API server accepts them: up to 253 characters. */
const objectName = fc
  .array(label, { minLength: 1, maxLength: 40 })
  .map((labels) => labels.join("."))
  .filter((name) => name.length <= 253);

describe("the label value of a name", () => {
  it("is always one that the API server accepts", () => {
    fc.assert(
      fc.property(objectName, (name) => {
        const value = labelValueOf(name);
        expect(value).toMatch(accepted);
        expect(value.length).toBeLessThanOrEqual(63);
      }),
    );
  });

  it("is the name of an object as well", () => {
    fc.assert(
      fc.property(objectName, (name) => {
        expect(`runtime-pool-${labelValueOf(name)}`).toMatch(subdomain);
      }),
    );
    expect(labelValueOf(`${"a".repeat(51)}.${"b".repeat(100)}`)).toMatch(/^a{51}-[0-9a-f]{10}$/);
  });

  it("is the name itself where it fits", () => {
    fc.assert(
      fc.property(objectName, (name) => {
        if (name.length <= 63) expect(labelValueOf(name)).toBe(name);
      }),
    );
  });

  it("tells long names apart that begin alike", () => {
    const common = "a".repeat(100);
    const values = ["", "b", "c"].map((end) => labelValueOf(`${common}${end}`));
    expect(new Set(values).size).toBe(3);
  });
});

describe("a label value", () => {
  it.each(["a", "A1", "a-b_c.d", "a".repeat(63)])("may be %s", (text) => {
    expect(isLabelValue(text)).toBe(true);
  });

  it.each(["", "-a", "a-", "a b", "ä", "a/b", "a\n", "a".repeat(64)])("may not be %j", (text) => {
    expect(isLabelValue(text)).toBe(false);
  });
});
