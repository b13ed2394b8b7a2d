import type { FastifySchemaCompiler } from "fastify";
import { z } from "zod";
import { Problem, unprocessable, type FieldError } from "./problem.ts";

type Issue = z.core.$ZodIssue;

/** A request wrong in a hundred places is told about these many. */
const MAX_ERRORS = 20;

const PARTS: Record<string, FieldError["in"]> = {
  body: "body",
  querystring: "query",
  params: "path",
  headers: "header",
};

/**
 * Validates each part of a request with its zod schema. A field of the wrong JSON type is 400, like JSON that
 * does not parse; a field that is absent or out of its limits is 422. Unknown fields are ignored unless the
 * schema is strict: published clients send more than we read.
 */
export const zodValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = PARTS[httpPart ?? "body"] ?? "body";
  return (data: unknown) => {
    const result = schema.safeParse(data);
    return result.success ? { value: result.data } : { error: refusal(result.error.issues, data, part) };
  };
};

function refusal(issues: readonly Issue[], data: unknown, part: FieldError["in"]): Problem {
  const errors = issues.slice(0, MAX_ERRORS).map((issue) => fieldError(issue, data, part));
  const detail = errors.map((error) => `${error.path || `the ${part}`}: ${error.message}`).join("; ");
  if (!issues.some((issue) => hasWrongJsonType(issue, data))) return unprocessable(detail, errors);
  return new Problem(400, { type: "wrong-type", title: "Wrong type", detail, extensions: { errors } });
}

function fieldError(issue: Issue, data: unknown, part: FieldError["in"]): FieldError {
  const isMissing = issue.code === "invalid_type" && valueAt(data, issue.path) === undefined;
  const expected = expectation(issue);
  return {
    path: issue.path.map((key) => `/${escapePointer(String(key))}`).join(""),
    in: part,
    message: isMissing ? "is required" : issue.message,
    ...(expected === undefined ? {} : { expected }),
  };
}

/** Whether the value is of another JSON type than the schema's; 1.5 for an integer or 1e999 are not. */
function hasWrongJsonType(issue: Issue, data: unknown): boolean {
  if (issue.code !== "invalid_type") return false;
  const value = valueAt(data, issue.path);
  if (value === undefined) return false;
  const isNumeric = issue.expected === "number" || issue.expected === "int";
  return !(isNumeric && typeof value === "number");
}

type Expectations = { [Code in Issue["code"]]?: (issue: Extract<Issue, { code: Code }>) => string };

const EXPECTATIONS: Expectations = {
  invalid_type: (issue) => issue.expected,
  too_small: (issue) => `${issue.inclusive ? ">=" : ">"} ${issue.minimum}`,
  too_big: (issue) => `${issue.inclusive ? "<=" : "<"} ${issue.maximum}`,
  not_multiple_of: (issue) => `a multiple of ${issue.divisor}`,
  invalid_value: (issue) => `one of ${issue.values.map(String).join(", ")}`,
  invalid_format: (issue) => issue.pattern ?? issue.format,
};

function expectation(issue: Issue): string | undefined {
  const describe = EXPECTATIONS[issue.code] as ((issue: Issue) => string) | undefined;
  return describe?.(issue);
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Record<PropertyKey, unknown>)[key];
  }, data);
}

function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
