import { describe, expect, it } from "vitest";
import { parsePage } from "./page.ts";

describe("the links of a page", () => {
  it.each([
    ["an inline link", "see [the page](docs/a.md).", ["docs/a.md"]],
    ["a link with a title", '[a](b.md "title")', ["b.md"]],
    ["a target in angle brackets", "[a](<b.md#c>)", ["b.md#c"]],
    ["a target with parentheses", "[a](b_(c).md)", ["b_(c).md"]],
    ["an image within a link", "[![alt](badge.svg)](b.md)", ["badge.svg", "b.md"]],
    ["code as the text of a link", "[`npm start`](b.md)", ["b.md"]],
    ["two links in a table row", "| [a](a.md) | [b](b.md) |", ["a.md", "b.md"]],
    ["the definition of a reference", "[a]\n\n[a]: b.md", ["b.md"]],
  ])("are found in %s", (_case, markdown, links) => {
    expect(parsePage(markdown).links).toEqual(links);
  });

  it.each([
    ["inline code", "write `[a](b.md)` here"],
    ["code between two backticks", "write ``[`a`](b.md)`` here"],
    ["a fenced block", "```md\n[a](b.md)\n```\n"],
    ["a fenced block that holds a shorter fence", "````md\n```\n[a](b.md)\n```\n````\n"],
    ["a comment", "<!-- [a](b.md) -->"],
  ])("are not looked for in %s", (_case, markdown) => {
    expect(parsePage(markdown).links).toEqual([]);
  });
});

describe("the anchors of a page", () => {
  it.each([
    ["## Claim errors", "claim-errors"],
    ["# `key-reused`", "key-reused"],
    ["### What, if it isn't there?", "what-if-it-isnt-there"],
    ["## POST /runtimes/{pod_name}", "post-runtimespod_name"],
    ["## See [the pool](pool.md) ##", "see-the-pool"],
    ['<a id="top"></a>', "top"],
  ])("include that of %s", (markdown, anchor) => {
    expect(parsePage(`text\n\n${markdown}\n`).anchors).toEqual([anchor]);
  });

  it("are numbered when headings repeat", () => {
    expect(parsePage("# A\n## Spec\n# B\n## Spec\n").anchors).toEqual(["a", "spec", "b", "spec-1"]);
  });

  it("do not include comments of shell code", () => {
    expect(parsePage("```sh\n# not a heading\n```\n# A\n").anchors).toEqual(["a"]);
  });
});
