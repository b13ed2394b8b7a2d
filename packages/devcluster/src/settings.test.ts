import { describe, expect, it } from "vitest";
import { readSettings } from "./settings.ts";

describe("the settings", () => {
  it("follow the XDG folders", () => {
    const settings = readSettings({ XDG_CACHE_HOME: "/c", XDG_STATE_HOME: "/s", HOME: "/h" });
    expect(settings.cacheDir).toBe("/c/datalayer-operator");
    expect(settings.stateDir).toBe("/s/datalayer-operator");
  });

  it("fall back to folders below the home folder, also for empty variables", () => {
    const settings = readSettings({ XDG_CACHE_HOME: "", HOME: "/h" });
    expect(settings.cacheDir).toBe("/h/.cache/datalayer-operator");
    expect(settings.stateDir).toBe("/h/.local/state/datalayer-operator");
  });

  it("look for programs of root too", () => {
    expect(readSettings({ PATH: "/a::/b" }).searchPath).toEqual([
      "/a",
      "/b",
      "/usr/local/sbin",
      "/usr/sbin",
      "/sbin",
    ]);
  });
});
