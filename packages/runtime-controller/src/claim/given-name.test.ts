import { describe, expect, it } from "vitest";
import { storedEnvironment } from "../../test/pool-objects.ts";
import { givenNameOf } from "./given-name.ts";

const nowMs = Date.parse("2026-03-04T05:06:07.890Z");

function named(givenNameTemplate?: string, title = "Simple Python"): string {
  const environment = storedEnvironment({ title, kernel: { givenNameTemplate } });
  return givenNameOf({ environment, type: "notebook", nowMs });
}

describe("the name of a runtime that nobody named", () => {
  it.each([
    ["plain text, as published", "AI Runtime", "AI Runtime"],
    ["the title", "{title}", "Simple Python"],
    ["all there is", "{environment} {type} {date} {time}", "python-simple-env notebook 2026-03-04 05:06"],
    ["the same twice", "{type}{type}", "notebooknotebook"],
    ["no more than is known", "{user} {{type}} {constructor}", "{user} {notebook} {constructor}"],
    ["text of other template languages", "{{#each}}$1$& ${x} %s", "{{#each}}$1$& ${x} %s"],
    ["nothing but spaces", "  ", "notebook 2026-03-04T05:06"],
  ])("is %s", (_, template, name) => {
    expect(named(template)).toBe(name);
  });

  it("is type and time without a template, or without the environment", () => {
    expect(named()).toBe("notebook 2026-03-04T05:06");
    expect(givenNameOf({ type: "cell", nowMs })).toBe("cell 2026-03-04T05:06");
  });

  it("does not look twice at what it put in", () => {
    expect(named("{title}", "{type} {title}")).toBe("{type} {title}");
  });

  it("is never longer than a caller's may be, and never half a character", () => {
    const name = named("{title}".repeat(36), "🚀".repeat(128));
    expect(name).toHaveLength(256);
    expect(named(`a${"🚀".repeat(127)}{title}`).isWellFormed()).toBe(true);
    expect(named(`${"a".repeat(249)}{title}`, `${"b".repeat(6)}🚀`).isWellFormed()).toBe(true);
  });
});
