import { UserError } from "@datalayer/devcluster/errors";
import { describe, expect, it } from "vitest";
import { failureLine, onlyFirst, reasonOf } from "./answers.ts";

describe("the JSON line", () => {
  it("is the only one, whatever fails after it", () => {
    const written: string[] = [];
    const tell = onlyFirst((line) => written.push(line));
    tell(failureLine("first"));
    tell(failureLine("second"));
    expect(written).toEqual(['{"ok":false,"reason":"first"}\n']);
  });
});

describe("the reason of a failure", () => {
  it("names everything that failed, without a stack where the reader can correct it", () => {
    const failures = [new UserError("no image"), new AggregateError([new UserError("no rights")], "left")];
    expect(reasonOf(new AggregateError(failures, "two things"))).toBe(
      "two things\nno image\nleft\nno rights",
    );
  });

  it("shows the stack of a mistake", () => {
    expect(reasonOf(new TypeError("x is undefined"))).toContain("answers.test.ts");
  });
});
