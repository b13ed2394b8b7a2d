import { z } from "zod";
import { exampleOf, type JsonSchema, wrongValues } from "./json-schema.ts";

/** An OpenAPI document, as far as the contract is read from it. */
export interface ApiDocument {
  openapi: string;
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, JsonSchema> };
}

interface OperationObject {
  operationId: string;
  summary: string;
  security?: object[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, ResponseObject>;
}

interface ResponseObject {
  $ref?: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: JsonSchema }>;
}

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: JsonSchema;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** A request that an operation may get. */
export interface ApiRequest {
  method: Method;
  url: string;
  headers: Record<string, string>;
  payload?: unknown;
}

/** A request with one thing wrong, and where the problem has to point. */
export interface WrongRequest {
  what: string;
  in: string;
  path: string;
  request: ApiRequest;
}

/** The values that parameters get; others get examples. */
export type Values = Record<string, string>;

/** One operation of the API. */
export class Operation {
  readonly name: string;
  readonly method: Method;
  readonly path: string;
  readonly #object: OperationObject;
  readonly #document: ApiDocument;

  constructor(document: ApiDocument, place: { path: string; method: string }, object: OperationObject) {
    this.path = place.path;
    this.method = place.method.toUpperCase() as Method;
    this.name = `${this.method} ${this.path}`;
    this.#object = object;
    this.#document = document;
  }

  get isPublic(): boolean {
    return this.#object.security?.length === 0;
  }

  /** Whether its path names something that may not exist. */
  get namesSomething(): boolean {
    return this.#parameters.some((parameter) => parameter.in === "path");
  }

  get takesBody(): boolean {
    return this.#body !== undefined;
  }

  /** What tools show of it. */
  get description(): Pick<OperationObject, "operationId" | "summary"> {
    return this.#object;
  }

  /** A request without fault. */
  request(values: Values = {}): ApiRequest {
    return this.#requestWith({ values });
  }

  /** The same with a field in the body that the API does not know. */
  requestWithUnknownField(): ApiRequest {
    const request = this.request();
    return {
      ...request,
      payload: { ...(request.payload as object), field_of_a_later_version: { deep: [1] } },
    };
  }

  /** Requests with one thing wrong in each. */
  wrongRequests(): WrongRequest[] {
    const places = this.#parameters.filter((parameter) => parameter.in !== "path");
    return [...places.flatMap((parameter) => this.#wrongParameters(parameter)), ...this.#wrongBodies()];
  }

  /** What is wrong with an answer by the document; nothing when it fits. */
  complaintAbout(status: number, body: unknown): string | undefined {
    const response = this.#object.responses[String(status)];
    if (!response) return `the document does not have ${status} for ${this.name}`;
    const schema = response.$ref
      ? { $ref: "#/components/schemas/Problem" }
      : Object.values(response.content ?? {})[0]?.schema;
    const result = validatorOf(schema ?? {}, this.#document).safeParse(body);
    return result.success ? undefined : z.prettifyError(result.error);
  }

  /** Names, in lower case, of the headers that the document has for an answer of success. */
  headersOf(status: number): string[] {
    const { headers = {} } = this.#object.responses[String(status)] ?? {};
    return Object.keys(headers).map((name) => name.toLowerCase());
  }

  get #parameters(): readonly Parameter[] {
    return this.#object.parameters ?? [];
  }

  get #body(): JsonSchema | undefined {
    const schema = this.#object.requestBody?.content["application/json"]?.schema;
    return schema && resolved(schema, this.#document);
  }

  #wrongParameters(parameter: Parameter): WrongRequest[] {
    const { name, schema, required } = parameter;
    const wrong = wrongValues(schema)
      .filter(({ value }) => isWrongAsText(value, schema))
      .map(({ what, value }) => ({ what, value: isText(schema) ? (value as string) : textOf(value) }));
    const missing = required ? [{ what: "missing", value: undefined }] : [];
    return [...missing, ...wrong].map(({ what, value }) => ({
      what,
      in: parameter.in,
      path: `/${name}`,
      request: this.#requestWith({ values: { [name]: value } }),
    }));
  }

  #wrongBodies(): WrongRequest[] {
    const body = this.#body;
    if (!body) return [];
    return wrongValues(body).map(({ what, path, value }) => ({
      what,
      in: "body",
      path,
      request: { ...this.request(), payload: value },
    }));
  }

  #requestWith({ values }: { values: Record<string, string | undefined> }): ApiRequest {
    const valueOf = ({ name, schema, required, in: place }: Parameter): string | undefined => {
      if (name in values) return values[name];
      return required || place === "path" ? String(exampleOf(schema)) : undefined;
    };
    const given = this.#parameters.flatMap((parameter) => {
      const value = valueOf(parameter);
      return value === undefined ? [] : [{ ...parameter, value }];
    });
    const all = (place: string): [string, string][] =>
      given.filter((parameter) => parameter.in === place).map(({ name, value }) => [name, value]);
    const path = all("path").reduce(
      (url, [name, value]) => url.replace(`{${name}}`, encodeURIComponent(value)),
      this.path,
    );
    const query = new URLSearchParams(all("query")).toString();
    const body = this.#body;
    return {
      method: this.method,
      url: query === "" ? path : `${path}?${query}`,
      headers: Object.fromEntries(all("header")),
      ...(body && { payload: exampleOf(body) }),
    };
  }
}

/** Every operation of a document. */
export function operationsOf(document: ApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, object]) => new Operation(document, { path, method }, object)),
  );
}

function isText({ type }: JsonSchema): boolean {
  return type === "string";
}

/** All parameters are text: what differs in type only is not wrong in a parameter that is text. */
function isWrongAsText(value: unknown, schema: JsonSchema): boolean {
  if (isText(schema)) return typeof value === "string" && !/[^ -~]/.test(value);
  return typeof value === "number" || typeof value === "string";
}

function textOf(value: unknown): string {
  return typeof value === "number" ? String(value) : "no-number";
}

function resolved(schema: JsonSchema, document: ApiDocument): JsonSchema {
  const name = schema.$ref?.replace("#/components/schemas/", "");
  return name === undefined ? schema : (document.components.schemas[name] ?? {});
}

function validatorOf(schema: JsonSchema, document: ApiDocument): z.ZodType {
  const whole = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const local = JSON.parse(whole.replaceAll("#/components/schemas/", "#/$defs/")) as Parameters<
    typeof z.fromJSONSchema
  >[0];
  return z.fromJSONSchema(local);
}
