/**
 * Checks that what is written twice says the same: generated files and their sources, documentation and code. Every
 * check is a program of its own; all of them run, and what each found is printed.
 */
import { join } from "node:path";
import { execa } from "execa";

/** Commands as they can be typed at the root, by what they check. */
const checks: Readonly<Record<string, string>> = {
  "types of the kinds": "node tools/crds/generate.ts --check",
  charts: "node tools/charts/generate.ts --check",
  "docs/configuration.md": "node tools/docs/configuration.ts --check",
  "docs/metrics.md": "node tools/docs/metrics.ts --check",
  "docs/openapi": "node tools/docs/openapi.ts --check",
  "types of the REST API":
    "openapi-typescript docs/openapi/runtime-controller.json --default-non-nullable=false -o packages/runtime-client/src/generated/api.ts --check",
  "OpenAPI documents":
    "redocly lint docs/openapi/runtime-controller.json docs/openapi/route-controller.json docs/openapi/image-controller.json",
  "package-lock.json": "node tools/lockfile/complete.ts --check",
  "problem types and reasons": "node tools/docs/vocabulary.ts",
  "links between pages": "node tools/docs/links.ts",
  "format outside packages": "prettier --check --log-level warn *.{js,json,md} docs charts examples",
  "unused code": "knip --no-progress",
};

async function passes(name: string, line: string): Promise<boolean> {
  const [command = "", ...args] = line.split(" ");
  const cwd = join(import.meta.dirname, "..");
  const { failed, all } = await execa(command, args, { cwd, all: true, reject: false, preferLocal: true });
  process.stdout.write(failed ? `failed: ${name}\n${all.replace(/^/gm, "  ")}\n` : `ok: ${name}\n`);
  return !failed;
}

const results = await Promise.all(Object.entries(checks).map(([name, line]) => passes(name, line)));
process.exitCode = results.every(Boolean) ? 0 : 1;
