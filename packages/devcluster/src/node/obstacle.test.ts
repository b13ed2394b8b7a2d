import { expect, it } from "vitest";
import { realNodeObstacle } from "./obstacle.ts";

it("says what is missing on a machine without any programs", async () => {
  expect(await realNodeObstacle([])).toMatch(/^it needs (Linux|root|`unshare` \(package util-linux\))$/);
});
