import { expect, it } from "vitest";
import { UpstreamShare } from "./share.ts";

it("lets no more than 256 questions to one service be under way, and does not hold up others", async () => {
  const share = new UpstreamShare();
  const gate = Promise.withResolvers<string>();
  const asked = Array.from({ length: 256 }, () => share.take("http://slow", () => gate.promise));
  expect(await share.take("http://slow", () => Promise.resolve("too many"))).toBeUndefined();
  expect(await share.take("http://other", () => Promise.resolve("answered"))).toBe("answered");
  expect(share.total).toBe(256);
  gate.resolve("late");
  expect(new Set(await Promise.all(asked))).toEqual(new Set(["late"]));
  expect(share.total).toBe(0);
  expect(await share.take("http://slow", () => Promise.resolve("again"))).toBe("again");
});
