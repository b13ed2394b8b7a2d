import { describe, expect, it } from "vitest";
import { digest } from "../../test/builders.ts";
import { planDeletions } from "./deletions.ts";

const build = (inputsHash: string) => ({ repository: "r.example/a", inputsHash });
const content = (name: string, ...digits: string[]) => ({
  build: build(name),
  digests: digits.map((digit) => digest(digit)),
});

describe("what is deleted of a repository", () => {
  it("is all of the builds that go, in their order", () => {
    expect(planDeletions([content("one", "1", "2"), content("two", "3")], [], new Set())).toEqual({
      builds: [build("one"), build("two")],
      digests: [digest("1"), digest("2"), digest("3")],
    });
  });

  it("is nothing that a build which stays consists of", () => {
    expect(planDeletions([content("one", "1", "2")], [digest("2")], new Set())).toEqual({
      builds: [build("one")],
      digests: [digest("1")],
    });
  });

  it("is nothing of a build of which a part is used, nor what others share with it", () => {
    const candidates = [content("one", "1", "2"), content("two", "3", "2")];
    expect(planDeletions(candidates, [], new Set([digest("1")]))).toEqual({
      builds: [build("two")],
      digests: [digest("3")],
    });
  });
});
