/** Checks that every relative link of every Markdown page leads to a file, and its fragment to a heading of it. */
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { type Page, parsePage } from "./page.ts";

const root = join(import.meta.dirname, "../..");
const leftOut = ["node_modules", "dist", "reports", ".nx"];

async function readPages(): Promise<Map<string, Page>> {
  const pages = new Map<string, Page>();
  for await (const path of glob("**/*.md", { cwd: root, exclude: (name) => leftOut.includes(name) }))
    pages.set(path, parsePage(await readFile(join(root, path), "utf8")));
  return pages;
}

/** What is wrong with a link; undefined when it leads somewhere, or out of the repository. */
function problemWith(link: string, from: string, pages: ReadonlyMap<string, Page>): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  const [path = "", fragment] = link.split("#", 2).map(decodeURIComponent);
  const target = path === "" ? from : normalize(join(dirname(from), path));
  if (path.startsWith("/") || target.startsWith("..")) return "leads out of the repository";
  if (!existsSync(join(root, target))) return `there is no ${target}`;
  const page = pages.get(target);
  if (fragment === undefined || !page || page.anchors.includes(fragment)) return undefined;
  return `${target} has no heading #${fragment}`;
}

const pages = await readPages();
for (const [from, { links }] of pages) {
  for (const link of links) {
    const problem = problemWith(link, from, pages);
    if (problem === undefined) continue;
    process.stderr.write(`${from}: (${link}): ${problem}\n`);
    process.exitCode = 1;
  }
}
