import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

type JsonParser = ReturnType<FastifyInstance["getDefaultJsonParser"]>;

/**
 * Makes JSON in UTF-8 the only body an app reads, and a strict one: malformed text, a `__proto__` or
 * `constructor.prototype` key and a key given twice are 400. Another media type, charset or encoding is 415.
 */
export function readJsonBodies(app: FastifyInstance): void {
  const parser = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("text/plain");
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (request: FastifyRequest, bytes: Buffer) => {
      refuseCoding(request);
      // Published clients send the content type with every request, also with a DELETE that has no body.
      if (bytes.length === 0 && request.method === "DELETE") return undefined;
      const text = decode(bytes);
      const body = await parse(parser, request, text);
      if (countKeys(body) !== countWrittenKeys(text)) throw malformed("The body names a key twice.");
      return body;
    },
  );
}

function refuseCoding({ headers }: FastifyRequest): void {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new Problem(415, { detail: "Send the body without Content-Encoding." });
  }
  const charset = /;\s*charset="?([^";\s]*)/i.exec(headers["content-type"] ?? "")?.[1] ?? "utf-8";
  if (!/^utf-?8$/i.test(charset)) throw new Problem(415, { detail: "Send the body as JSON in UTF-8." });
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed("The body is not UTF-8.", cause);
  }
}

function parse(parser: JsonParser, request: FastifyRequest, text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    void parser(request, text, (error, body) => {
      if (error) reject(malformed(`The body is not usable JSON: ${reasonOf(text)}`, error));
      else resolve(body);
    });
  });
}

/** The parser's own message quotes the body, which may hold a secret. */
function reasonOf(text: string): string {
  if (text.trim() === "") return "it is empty.";
  try {
    JSON.parse(text);
    return "it names __proto__ or constructor.prototype.";
  } catch {
    return "it does not parse.";
  }
}

function malformed(detail: string, cause?: unknown): Problem {
  return new Problem(400, { type: "malformed-body", title: "Malformed body", detail, cause });
}

/** The keys in valid JSON text. A string is a key exactly where a colon follows it. */
function countWrittenKeys(text: string): number {
  let keys = 0;
  for (const match of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"\s*(:?)/g)) if (match[1] === ":") keys++;
  return keys;
}

/** The keys in a parsed value: fewer than were written where one replaced another. Walks without recursion. */
function countKeys(root: unknown): number {
  let keys = 0;
  const open = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== "object" || value === null) continue;
    const children = Object.values(value) as unknown[];
    if (!Array.isArray(value)) keys += children.length;
    for (const child of children) open.push(child);
  }
  return keys;
}
