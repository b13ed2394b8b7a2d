import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { postChecks } from "./post-checks.ts";
import { preChecks } from "./pre-checks.ts";

it("docs/checks.md says of every check what to do, and of no other", async () => {
  const page = await readFile(new URL("../../../../docs/checks.md", import.meta.url), "utf8");
  const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
  const ids = [preChecks, postChecks].flatMap((categories) =>
    categories.flatMap(({ checks }) => checks.map(({ id }) => id)),
  );
  expect(headings).toEqual(ids);
});
