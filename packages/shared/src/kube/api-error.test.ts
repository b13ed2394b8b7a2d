import { describe, expect, it } from "vitest";
import { ApiError, parseStatus } from "./api-error.ts";

const call = { verb: "patch", kind: "Pod", target: "team/p1" };

describe("an API error", () => {
  it("names the call, the status, the reason and what the server said", () => {
    const error = new ApiError(call, 409, { reason: "Conflict", message: "the object has been modified" });
    expect(error.message).toBe("patch Pod team/p1: 409 Conflict: the object has been modified");
  });

  it.each([
    ["isNotFound", 404, "NotFound"],
    ["isConflict", 409, "Conflict"],
    ["isAlreadyExists", 409, "AlreadyExists"],
    ["isInvalid", 422, "Invalid"],
    ["isGone", 410, "Expired"],
    ["isGone", 410, "Gone"],
    ["isUnauthorized", 401, "Unauthorized"],
    ["isForbidden", 403, "Forbidden"],
    ["isThrottled", 429, "TooManyRequests"],
  ] as const)("%s for %i %s and for no other", (property, status, reason) => {
    const error = new ApiError(call, status, { reason });
    const properties = [
      "isNotFound",
      "isConflict",
      "isAlreadyExists",
      "isInvalid",
      "isGone",
      "isForbidden",
      "isUnauthorized",
      "isThrottled",
    ] as const;
    expect(properties.filter((name) => error[name])).toEqual([property]);
  });

  it("is ambiguous only when the server itself failed", () => {
    expect(new ApiError(call, 503, {}).isAmbiguous).toBe(true);
    expect(new ApiError(call, 429, {}).isAmbiguous).toBe(false);
    expect(new ApiError(call, 422, {}).isAmbiguous).toBe(false);
  });

  it("keeps the words of whoever answered instead of the API server", () => {
    expect(parseStatus("<html>Bad gateway</html>")).toEqual({ message: "<html>Bad gateway</html>" });
    expect(parseStatus("null")).toEqual({ message: "null" });
    expect(parseStatus("")).toEqual({ message: undefined });
  });
});
