import { describe, expect, it } from "vitest";
import { hash, storedImage } from "../../test/builders.ts";
import { cancellableHash, isCancelled } from "./cancellation.ts";
import { wish } from "./names.ts";

const other = "f".repeat(64);

describe("a cancellation", () => {
  const image = storedImage();
  image.metadata.annotations = { [wish.cancelled]: hash };

  it("is of the inputs that it names", () => expect(isCancelled(image, hash)).toBe(true));
  it("is of no others", () => expect(isCancelled(image, other)).toBe(false));
  it("is not there unless somebody made it", () => expect(isCancelled(storedImage(), hash)).toBe(false));
});

describe("what can be cancelled", () => {
  it.each(["Queued", "Building", "BackingOff"] as const)("is the newest build while it is %s", (phase) => {
    const status = { phase, inputsHash: other, build: { inputsHash: hash } };
    expect(cancellableHash(storedImage({}, { status }))).toBe(hash);
    expect(cancellableHash(storedImage({}, { status: { phase, inputsHash: hash } }))).toBe(hash);
  });

  it.each(["Resolving", "Verifying", "Publishing", "Ready", "Stalled", undefined] as const)(
    "is nothing while it is %s",
    (phase) => {
      const status = { ...(phase && { phase }), inputsHash: hash, build: { inputsHash: hash } };
      expect(cancellableHash(storedImage({}, { status }))).toBeUndefined();
    },
  );
});
