import fc from "fast-check";
import { expect, it } from "vitest";
import { literalValueOf } from "./literal-value.ts";

/** What kubelet makes of a value, as the Kubernetes API describes it: no variable of ours is known. */
function expanded(value: string): string {
  return value.replaceAll(/\$(\$|\([A-Za-z_][A-Za-z0-9_]*\))/g, (_, after: string) =>
    after === "$" ? "$" : "expanded",
  );
}

it.each(["$(HOME)", "$$(HOME)", "$$$(HOME)", "a$", "$$", "100%"])(
  "%s reaches the container as it is",
  (value) => {
    expect(expanded(literalValueOf(value))).toBe(value);
  },
);

it("every value reaches the container as it is", () => {
  const text = fc.string({ unit: fc.constantFrom("$", "(", ")", "A", " ") });
  fc.assert(fc.property(text, (value) => expanded(literalValueOf(value)) === value));
});
