import { describe, expect, it } from "vitest";
import { type ForwardedFor, requestHeaders, responseHeaders } from "./headers.ts";

const client: ForwardedFor = { peer: "10.0.0.9", trusted: false, host: "r1.example", connection: undefined };
const scratch = [
  ["X-Forwarded-For", "10.0.0.9"],
  ["X-Forwarded-Proto", "http"],
  ["X-Forwarded-Host", "r1.example"],
].flat();

describe("the headers of a request", () => {
  it("keep their names, order and repetitions", () => {
    const raw = ["Host", "r1.example", "COOKIE", "a=b", "Cookie", "c=d", "Authorization", "token t"];
    expect(requestHeaders(raw, client)).toEqual([...raw, ...scratch]);
  });

  it("lose those of the connection, and those that it names", () => {
    const connection = "close, X-Secret-Hop , Upgrade";
    const raw = [
      ["Connection", connection],
      ["Keep-Alive", "timeout=5"],
      ["Transfer-Encoding", "chunked"],
      ["TE", "trailers"],
      ["Trailer", "X-Sum"],
      ["Upgrade", "h2c"],
      ["HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"],
      ["Proxy-Authorization", "Basic x"],
      ["Proxy-Connection", "keep-alive"],
      ["Expect", "100-continue"],
      ["x-secret-hop", "1"],
    ].flat();
    expect(requestHeaders([...raw, "Accept", "*/*"], { ...client, connection })).toEqual([
      "Accept",
      "*/*",
      ...scratch,
    ]);
  });

  it.each([
    "X-Forwarded-For",
    "x_forwarded_for",
    "X-Forwarded_Proto",
    "X-Forwarded-Host",
    "X-Forwarded-User",
    "X-Real-IP",
    "Forwarded",
  ])("do not say where they come from by a client's own %s", (name) => {
    expect(requestHeaders([name, "127.0.0.1"], client)).toEqual(scratch);
  });

  it("say where a connection comes from even when it names the header that does", () => {
    expect(requestHeaders([], { ...client, connection: "x-forwarded-for" })).toEqual(scratch);
  });

  it("keep what a trusted proxy says, with its address behind the client's", () => {
    const kept = ["X-Forwarded-Proto", "https", "X-Forwarded-Host", "a.example"];
    const others = [
      "X-Forwarded-For",
      "192.0.2.7",
      "X-Forwarded-For",
      "192.0.2.8",
      "Forwarded",
      "for=1.1.1.1",
    ];
    expect(requestHeaders([...others, ...kept], { ...client, trusted: true })).toEqual([
      ...kept,
      "X-Forwarded-For",
      "192.0.2.7, 192.0.2.8, 10.0.0.9",
    ]);
  });
});

describe("the headers of an answer", () => {
  const answered = (...pairs: string[]): string[] =>
    responseHeaders(pairs.map((text) => Buffer.from(text, "latin1")));

  it("keep each cookie, and bytes beyond ASCII", () => {
    const pairs = ["Set-Cookie", "a=b", "Set-Cookie", "c=d", "X-Name", "é"];
    expect(answered(...pairs)).toEqual(pairs);
  });

  it("lose those of the connection, and those that it names", () => {
    expect(
      answered("X-Hop", "1", "Connection", "close, X-Hop", "Transfer-Encoding", "chunked", "ETag", "x"),
    ).toEqual(["ETag", "x"]);
  });
});
