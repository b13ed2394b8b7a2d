import { expect, it } from "vitest";
import type { App } from "../app.ts";
import type { ApiRequest, Operation } from "./contract.ts";

/** Headers that callers act upon: an answer of success has them only where the document says so. */
const told = ["etag", "location", "preference-applied", "retry-after"];

/** What an API said. */
export interface Answer {
  status: number;
  /** Media type, with its parameters. */
  type: string;
  /** Parsed where it is JSON. */
  body: unknown;
}

/** The tests that every API behind a key passes, one operation after the other. */
export class ContractTests {
  readonly #api: () => App;
  readonly #key: string;

  /** The API is asked for when a test runs, for it is started before them all. */
  constructor(api: () => App, key: string) {
    this.#api = api;
    this.#key = key;
  }

  /** Sends a request, with the key unless told otherwise (`""` sends none), and holds the answer against the document. */
  async answerTo(operation: Operation, request: ApiRequest, key = this.#key): Promise<Answer> {
    const { method, url, headers, payload } = request;
    const answer = await this.#api().inject({
      method,
      url,
      headers: {
        ...(key !== "" && { "x-api-key": key }),
        ...(payload !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(payload !== undefined && { payload: JSON.stringify(payload) }),
    });
    const { statusCode: status } = answer;
    const type = String(answer.headers["content-type"]);
    const body: unknown = type.includes("json") ? answer.json() : answer.payload;
    expect(operation.complaintAbout(status, body)).toBeUndefined();
    if (status >= 400) expect(type).toBe("application/problem+json; charset=utf-8");
    else expect(operation.headersOf(status)).toEqual(expect.arrayContaining(sent(answer.headers)));
    expect(answer.headers["x-request-id"]).toMatch(/^[\w.-]+$/);
    return { status, type, body };
  }

  /** Nobody gets in without the key. */
  refusesStrangers(operation: Operation): void {
    it.each([
      ["no key", ""],
      ["a wrong key", `${this.#key}0`],
    ])("refuses %s", async (_what, key) => {
      expect((await this.answerTo(operation, operation.request(), key)).status).toBe(401);
    });
  }

  /** What its path names does not exist. */
  knowsNothingOfWhatIsAbsent(operation: Operation): void {
    it("knows nothing of what does not exist", async () => {
      expect((await this.answerTo(operation, operation.request())).status).toBe(404);
    });
  }

  /** Whatever is wrong is named with its place. */
  refusesWrongRequests(operation: Operation): void {
    const wrong = operation.wrongRequests();
    if (wrong.length === 0) return;
    it.each(wrong.map((each) => [`${each.in} ${each.path}`, each.what, each] as const))(
      "says what is wrong with %s: %s",
      async (_place, _what, { request, path, in: place }) => {
        const { status, body } = await this.answerTo(operation, request);
        expect([400, 422]).toContain(status);
        expect(body).toMatchObject({ detail: expect.stringContaining(path) as string });
        expect((body as { errors: unknown }).errors).toContainEqual(
          expect.objectContaining({ path, in: place }),
        );
      },
    );
  }
}

function sent(headers: object): string[] {
  return told.filter((name) => name in headers);
}

/** Clients are generated from the names of operations; people read what they say. */
export function expectNamed(operations: readonly Operation[]): void {
  const ids = operations.map(({ description }) => description.operationId);
  expect(new Set(ids).size).toBe(operations.length);
  for (const { description } of operations) expect(description.summary).toMatch(/^[A-Z].*[a-z]$/);
}
