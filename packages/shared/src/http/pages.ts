import { createHmac } from "node:crypto";
import { z } from "zod";
import { isValidKey, type ApiKeys } from "./api-key.ts";
import { Problem } from "./problem.ts";

/** The fields by which a caller asks for a page, for the query of a list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1000).default(500).describe("Items to answer at most."),
  continue: z
    .string()
    .max(1024)
    .optional()
    .describe("What the page before answered as `continue`; with the same filters."),
};

/** The field by which an answer leads to the next page. */
export const pageAnswer = {
  continue: z.string().nullable().describe("Send it to get the next page; null on the last one."),
};

/** Which page of which list is wanted. */
export interface PageRequest<Item> {
  limit: number;
  continue?: string;
  /** What the list shows: its name and filters. A cursor of another list is refused. */
  list: readonly (string | undefined)[];
  /** Unique among the items, and the same as long as the item exists: lists are in this order. */
  keyOf: (item: Item) => string;
}

/** The items of a page, and the cursor of the next one. */
export interface Page<Item> {
  items: Item[];
  continue: string | null;
}

/**
 * Cuts lists into pages. A cursor says after which item the next page begins, so nothing that stays is left out or
 * shown twice while other items come and go. It is signed with a key of the API: every replica reads it.
 */
export class Pages {
  readonly #apiKeys: ApiKeys;

  constructor(apiKeys: ApiKeys) {
    this.#apiKeys = apiKeys;
  }

  /** @throws Problem 400 when the cursor is none of ours, or of another list. */
  of<Item>(items: readonly Item[], request: PageRequest<Item>): Page<Item> {
    const { limit, keyOf } = request;
    const list = JSON.stringify(request.list);
    const after = request.continue === undefined ? undefined : this.#read(request.continue, list);
    const rest = items
      .map((item) => ({ item, key: keyOf(item) }))
      .filter(({ key }) => after === undefined || key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ item }) => item),
      continue: last && rest.length > limit ? this.#write(last.key, list) : null,
    };
  }

  #write(after: string, list: string): string {
    const [key = ""] = this.#apiKeys();
    return `${Buffer.from(after).toString("base64url")}.${signatureOf(after, list, key)}`;
  }

  #read(cursor: string, list: string): string {
    const end = cursor.indexOf(".");
    const after = Buffer.from(cursor.slice(0, Math.max(end, 0)), "base64url").toString();
    const valid = this.#apiKeys().map((key) => signatureOf(after, list, key));
    if (isValidKey(cursor.slice(end + 1), valid)) return after;
    throw badCursor();
  }
}

function signatureOf(after: string, list: string, key: string): string {
  return createHmac("sha256", key).update(`page/v1\n${list}\n${after}`).digest("base64url");
}

function badCursor(): Problem {
  const detail = "/continue: is not a token of this list; begin again without it";
  const errors = [{ path: "/continue", in: "query", message: "is not a token of this list" }];
  return new Problem(400, { type: "bad-cursor", title: "Bad cursor", detail, extensions: { errors } });
}
