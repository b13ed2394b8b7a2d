import { type Document, isMap, isNode, isScalar, LineCounter, type Pair, parseDocument } from "yaml";

/** One value of a chart, as its values.yaml describes it. */
export interface ChartValue {
  /** `a.b.c`. */
  path: string;
  key: string;
  /** What comes after `# --`; empty for a group that says nothing of itself. */
  description: string;
  /** What its default does not say: the JSON Schema after `# @schema`. */
  schema: ValueSchema;
  /** The default as people read it, after `# @default`. */
  shownDefault: string | undefined;
  default: unknown;
  children: ChartValue[];
}

/** A part of a JSON Schema; `$ref` is the name of a definition of ours. */
export interface ValueSchema {
  $ref?: string;
  type?: string | string[];
  [keyword: string]: unknown;
}

/**
 * Reads the values of a chart with the comments right above them: `# -- ` begins the description, which goes on over the
 * following comment lines; `# @schema` and `# @default` come after it.
 * @throws Error when what follows `# @schema` is no JSON.
 */
export function parseValues(text: string): ChartValue[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const lines = text.split("\n");
  const commentAbove = ({ key }: Pair): string[] => {
    const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
    const above = lines.slice(0, lineCounter.linePos(offset).line - 1);
    const start = above.findLastIndex((line) => !line.trimStart().startsWith("#")) + 1;
    return above.slice(start).map((line) => line.trim().replace(/^# ?/, ""));
  };
  return childrenOf(document.contents, "", { document, commentAbove });
}

/** Whether a value, or one within it, is described. */
export function isDescribed({ description, children }: ChartValue): boolean {
  return description !== "" || children.some(isDescribed);
}

interface Source {
  document: Document;
  commentAbove: (pair: Pair) => string[];
}

function childrenOf(node: unknown, parent: string, source: Source): ChartValue[] {
  if (!isMap(node)) return [];
  return node.items.map((pair) => {
    const key = String(pair.key);
    const path = parent === "" ? key : `${parent}.${key}`;
    return {
      path,
      key,
      ...parseComment(source.commentAbove(pair), path),
      default: isNode(pair.value) ? (pair.value.toJS(source.document) as unknown) : pair.value,
      children: childrenOf(pair.value, path, source),
    };
  });
}

function parseComment(
  lines: readonly string[],
  path: string,
): Pick<ChartValue, "description" | "schema" | "shownDefault"> {
  const marked = (mark: string): string | undefined =>
    lines.find((line) => line.startsWith(`@${mark} `))?.slice(mark.length + 2);
  const start = lines.findIndex((line) => line.startsWith("-- "));
  const words = start < 0 ? [] : lines.slice(start).filter((line) => !line.startsWith("@"));
  return {
    description: words.join(" ").replace(/^-- /, ""),
    schema: parseSchema(marked("schema"), path),
    shownDefault: marked("default"),
  };
}

function parseSchema(text: string | undefined, path: string): ValueSchema {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as ValueSchema;
  } catch (cause) {
    throw new Error(`${path}: expected JSON after "# @schema", got ${text}`, { cause });
  }
}
