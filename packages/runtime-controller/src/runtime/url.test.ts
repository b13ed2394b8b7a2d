import { describe, expect, it } from "vitest";
import { ingressOf } from "./url.ts";

const address = { pool: "python-simple-pool", ulid: "01j9" };
const path = "/jupyter/server/python-simple-pool/01j9";

describe("the address of a runtime", () => {
  it.each([
    ["the public host", { publicUrl: "https://r1.datalayer.run" }, `https://r1.datalayer.run${path}`],
    ["it once, whatever slashes follow", { publicUrl: "https://r1.example//" }, `https://r1.example${path}`],
    ["the public host before the Pod's", { publicUrl: "http://a", podIP: "10.0.0.1" }, `http://a${path}`],
    ["the Pod where there is no public host", { podIP: "10.0.0.1" }, `http://10.0.0.1:2300${path}`],
    ["an IPv6 address in brackets", { podIP: "fd00::1" }, `http://[fd00::1]:2300${path}`],
  ])("names %s", (_, hosts, expected) => {
    expect(ingressOf(address, hosts)).toBe(expected);
  });
});
