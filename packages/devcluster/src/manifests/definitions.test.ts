import { expect, it } from "vitest";
import { splitDocuments } from "./definitions.ts";

it("splits a YAML file into its documents, without the empty ones", () => {
  expect(splitDocuments("---\na: 1\n---\nb: '---'\n---\n")).toEqual(["\na: 1\n", "\nb: '---'\n"]);
});
