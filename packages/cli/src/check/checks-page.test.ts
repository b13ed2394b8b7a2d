import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { hintOf } from "./check.ts";
import { postChecks } from "./post-checks.ts";
import { preChecks } from "./pre-checks.ts";

const published = "https://datalayer.io/docs/operator/";

it("every hint leads to a heading of docs/checks.md that says what to do, and all of these are of checks", async () => {
  const ids = [preChecks, postChecks].flatMap((categories) =>
    categories.flatMap(({ checks }) => checks.map(({ id }) => id)),
  );
  const hints = ids.map((id) => hintOf(id));
  const pages = new Set(hints.map((hint) => hint.replace(/#.*$/, "")));
  expect([...pages]).toEqual([`${published}checks`]);
  const page = await readFile(new URL("../../../../docs/checks.md", import.meta.url), "utf8");
  const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, heading = ""]) => heading);
  const anchors = headings.map((heading) => heading.toLowerCase().replaceAll(" ", "-"));
  expect(hints.map((hint) => new URL(hint).hash)).toEqual(anchors.map((anchor) => `#${anchor}`));
});
