import { readFile, stat } from "node:fs/promises";
import { LineCounter, parseDocument } from "yaml";
import { usageError } from "../command/command-error.ts";
import { cloudValuesSchema, type CloudValues } from "./cloud-values.ts";
import type { Cloud } from "./paths.ts";

/** A values file with credentials of a cloud. */
export interface CloudValuesFile {
  readonly cloud: Cloud;
  readonly path: string;
  readonly values: CloudValues;
  /** Others than its owner can read it. */
  readonly isExposed: boolean;
}

/**
 * Reads a values file. Messages name fields and never show what is in the file.
 *
 * @param source - what named the file, for messages: a variable, or undefined where it was found.
 * @throws CommandError (usage) when there is none, or it lacks something.
 */
export async function readCloudValues(cloud: Cloud, path: string, source?: string): Promise<CloudValuesFile> {
  const name = source === undefined ? path : `${source}=${path}`;
  const again = `clouder ${cloud} helm-values --output ${path}   # writes it anew`;
  const [text, { mode }] = await Promise.all([readFile(path, "utf8"), stat(path)]).catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw usageError(`${name}: expected a readable file with Helm values (${code})`, again);
  });
  const result = cloudValuesSchema(cloud).safeParse(parse(text, name));
  if (result.success) return { cloud, path, values: result.data, isExposed: (mode & 0o077) !== 0 };
  const problems = result.error.issues.map((issue) => `\n  ${issue.path.join(".")}: ${issue.message}`);
  throw usageError(`${name} is not usable:${problems.join("")}`, again);
}

/** The library's own messages quote the line, which may be that of a secret. */
function parse(text: string, name: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter });
  const [error] = document.errors;
  if (!error) return document.toJS();
  const { line, col } = lineCounter.linePos(error.pos[0]);
  throw usageError(`${name}: neither JSON nor YAML at line ${line}, column ${col} (${error.code})`);
}
