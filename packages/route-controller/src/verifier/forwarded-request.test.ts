import { describe, expect, it } from "vitest";
import { isForHost, parseForwardedRequest, type RequestHeaders } from "./forwarded-request.ts";

const good: RequestHeaders = {
  "x-forwarded-method": ["GET"],
  "x-forwarded-proto": ["https"],
  "x-forwarded-host": ["Notebooks.Example.com.:8443"],
  "x-forwarded-uri": ["/lab/tree?token=a,b"],
  "x-forwarded-for": ["203.0.113.9, 198.51.100.7"],
};

describe("what a data plane says of a request", () => {
  it("is read; the client is the address that the data plane itself has seen", () => {
    expect(parseForwardedRequest(good)).toEqual({
      method: "GET",
      protocol: "https",
      authority: "Notebooks.Example.com.:8443",
      host: "notebooks.example.com",
      uri: "/lab/tree?token=a,b",
      clientAddress: "198.51.100.7",
    });
  });

  it.each([
    ["no method", { "x-forwarded-method": undefined }],
    ["two methods", { "x-forwarded-method": ["GET", "POST"] }],
    ["methods that were joined", { "x-forwarded-method": ["GET, POST"] }],
    ["another protocol", { "x-forwarded-proto": ["file"] }],
    ["no host", { "x-forwarded-host": [""] }],
    ["two hosts", { "x-forwarded-host": ["a.test, b.test"] }],
    ["a host with a user", { "x-forwarded-host": ["user@a.test"] }],
    ["a host with a path", { "x-forwarded-host": ["a.test/b"] }],
    ["no address", { "x-forwarded-uri": undefined }],
    ["an address with a host", { "x-forwarded-uri": ["http://a.test/"] }],
    ["an address with a space", { "x-forwarded-uri": ["/a b"] }],
    ["two addresses", { "x-forwarded-uri": ["/a", "/b"] }],
    ["an address of the whole server", { "x-forwarded-uri": ["*"] }],
    ["no client", { "x-forwarded-for": undefined }],
    ["a client without address", { "x-forwarded-for": ["203.0.113.9, unknown"] }],
  ])("is refused with %s", (_what, change) => {
    expect(parseForwardedRequest({ ...good, ...change })).toBeUndefined();
  });
});

describe("a host", () => {
  it("belongs to a Route by its name, or below a wildcard", () => {
    expect(isForHost("a.test", ["a.test"])).toBe(true);
    expect(isForHost("x.a.test", ["*.a.test"])).toBe(true);
    expect(isForHost("a.test", ["*.a.test"])).toBe(false);
    expect(isForHost("xa.test", ["a.test", "*.a.test"])).toBe(false);
  });
});
