import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";

/** The folder of the repository. */
export const root = join(import.meta.dirname, "../..");

/** The controllers whose words, settings and metrics are documented. */
export const controllers = ["runtime-controller", "route-controller", "image-controller"];

/** A module of a controller, loaded when asked for: nothing here depends on controllers while it is compiled. */
export async function moduleOf(controller: string, path: string): Promise<unknown> {
  return (await import(join(root, "packages", controller, "src", path))) as unknown;
}

/** A Markdown table; what would end a cell early is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Writes a file below `docs/`; with `--check` on the command line, fails when the committed one differs. */
export async function settlePage(name: string, text: string): Promise<void> {
  await settleFile(join("docs", name), text);
}

/** Writes a file of the repository; with `--check` on the command line, fails when the committed one differs. */
export async function settleFile(name: string, text: string): Promise<void> {
  const path = join(root, name);
  const page = await format(text, { ...(await resolveConfig(path)), filepath: path });
  if (!process.argv.includes("--check")) {
    await writeFile(path, page);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== page) {
    process.stderr.write(`${name} differs from the code. Run: npm run generate\n`);
    process.exitCode = 1;
  }
}
