import { STATUS_CODES } from "node:http";
import { Problem, problemBody, problemSchema } from "./problem.ts";

/** As much of an OpenAPI document as is completed here. */
export interface OpenApiDocument {
  openapi: string;
  paths?: Record<string, Record<string, Operation>>;
  components: { schemas?: Record<string, unknown>; responses?: Record<string, unknown> };
}

interface Operation {
  parameters?: readonly { in: string }[];
  requestBody?: unknown;
  security?: readonly unknown[];
  responses: Record<string, { description?: string; $ref?: string; headers?: object }>;
  "x-problems"?: readonly number[];
  "x-answer-headers"?: AnswerHeaders;
}

/** By status, the headers that an answer may have beside those of every answer. */
export type AnswerHeaders = Readonly<Record<number, readonly (keyof typeof answerHeaders)[]>>;

/** What the library writes where a response has no description. */
const undescribed = "Default Response";

/**
 * Adds to every operation the problems that it may answer with: those that its parts make possible (a key, a path,
 * a body), and those that its route names. Leaves out the schemas that nothing refers to.
 */
export function completeDocument(document: OpenApiDocument): OpenApiDocument {
  const operations = Object.values(document.paths ?? {}).flatMap((methods) => Object.values(methods));
  for (const operation of operations) describeResponses(operation);
  const used = new Set(operations.flatMap((operation) => problemsOf(operation)));
  for (const operation of operations) {
    delete operation["x-problems"];
    delete operation["x-answer-headers"];
  }
  const responses = Object.fromEntries(
    [...used].sort().map((status) => [nameOf(status), responseOf(status)]),
  );
  const components = { ...document.components, responses: { ...responses, Problem: anyProblem } };
  return withUsedSchemas({ ...document, components });
}

function describeResponses(operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response.description === undescribed) response.description = STATUS_CODES[status] ?? "Success";
    const names = operation["x-answer-headers"]?.[Number(status)];
    if (names) response.headers = Object.fromEntries(names.map((name) => answerHeaders[name]));
  }
  const problems = problemsOf(operation).map((status) => [String(status), refTo(nameOf(status))] as const);
  operation.responses = {
    ...operation.responses,
    ...Object.fromEntries(problems),
    default: refTo("Problem"),
  };
}

function problemsOf({ parameters = [], requestBody, security, ...operation }: Operation): number[] {
  const isPublic = security?.length === 0;
  const has = (place: string): boolean => parameters.some((parameter) => parameter.in === place);
  const statuses = [
    400,
    500,
    ...(isPublic ? [] : [401, 503]),
    ...(has("path") ? [404, 414] : []),
    ...(requestBody === undefined ? [] : [413, 415, 422]),
    ...(parameters.length > 0 ? [422] : []),
    ...(operation["x-problems"] ?? []),
  ];
  return [...new Set(statuses)].sort((a, b) => a - b);
}

function refTo(response: string): { $ref: string } {
  return { $ref: `#/components/responses/${response}` };
}

/** `NotFound` for 404. */
function nameOf(status: number): string {
  return (STATUS_CODES[status] ?? `Status${status}`).replaceAll(/[^A-Za-z]/g, "");
}

const descriptions: Readonly<Record<number, string>> = {
  400: "The request is malformed, or a value is of another JSON type than expected.",
  401: "The key is missing or wrong.",
  404: "There is no such thing.",
  409: "The request is in conflict with another one, or with the state of what it names.",
  410: "What the request names existed and has ended.",
  412: "What the request names has changed since the caller read it.",
  413: "The body is larger than 1 MiB.",
  414: "A part of the path is longer than any name.",
  415: "The body is not JSON in UTF-8, or is compressed.",
  422: "A value is missing, out of its bounds, or cannot be meant.",
  429: "The caller, or its user, has as much as it may have. Retry-After says when to try again, if that is known.",
  500: "The request failed for a reason that is not the caller's.",
  501: "The interface has what was asked for; this installation does not offer it.",
  503: "Nothing can be served now. Retry-After says when to try again.",
};

const requestIdHeader = {
  description: "Finds the request in the logs.",
  schema: { type: "string" },
};
const retryAfterHeader = {
  description: "Seconds until trying again is worth it.",
  schema: { type: "integer" },
};
const text = { type: "string" };
const answerHeaders = {
  etag: [
    "ETag",
    {
      description: "Stands for this version; If-Match changes it only while it is still this one.",
      schema: text,
    },
  ],
  location: ["Location", { description: "Where to look again.", schema: text }],
  "preference-applied": [
    "Preference-Applied",
    { description: "How long the claim was ready to wait, where it prefers to (RFC 7240).", schema: text },
  ],
  "retry-after": ["Retry-After", retryAfterHeader],
} as const;
const authenticateHeader = { description: "The scheme to authenticate with.", schema: { type: "string" } };

const headersOf: Readonly<Record<number, object>> = {
  401: { "WWW-Authenticate": authenticateHeader },
  429: { "Retry-After": retryAfterHeader },
  503: { "Retry-After": retryAfterHeader },
};

const problemContent = { schema: { $ref: `#/components/schemas/${problemSchema.meta()?.id ?? ""}` } };

function responseOf(status: number): object {
  const words = STATUS_CODES[status] ?? `Status ${status}`;
  const description = descriptions[status] ?? `${words}.`;
  const example = problemBody(new Problem(status, { detail: description }), exampleRequestId);
  return {
    description,
    headers: { "X-Request-Id": requestIdHeader, ...headersOf[status] },
    content: { "application/problem+json": { ...problemContent, example } },
  };
}

const exampleRequestId = "0b6f0c0e-6b0c-4f0c-9d0e-6f1f5f7c1f7a";

const anyProblem = {
  description: "The request was refused or failed.",
  headers: { "X-Request-Id": requestIdHeader },
  content: { "application/problem+json": problemContent },
};

/** Every named schema is written in two forms, as it is received and as it is sent; one of them serves mostly. */
function withUsedSchemas(document: OpenApiDocument): OpenApiDocument {
  const schemas = Object.entries(document.components.schemas ?? {});
  const text = JSON.stringify(document);
  const used = schemas.filter(([name]) => text.includes(`"#/components/schemas/${name}"`));
  const components = { ...document.components, schemas: Object.fromEntries(used) };
  const pruned = { ...document, components };
  // What only an unused schema referred to is unused, too.
  return used.length === schemas.length ? pruned : withUsedSchemas(pruned);
}
