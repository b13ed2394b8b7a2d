import { describe, expect, it } from "vitest";
import { addedPackages, readDebianPins, replacementOf, requirePinnedChecksum } from "./debian.ts";

describe("the plan of an installation", () => {
  it("names the packages that are added, not those that are upgraded or configured", () => {
    const plan = [
      "Reading package lists...",
      "Inst libgpgme11 (1.18.0-3+b1 Debian:12.11/oldstable [amd64])",
      "Inst libc6 [2.36-9] (2.36-9+deb12u10 Debian:12.11/oldstable [amd64])",
      "Inst buildah (1.28.2+ds1-3 Debian:12.11/oldstable [amd64])",
      "Conf libgpgme11 (1.18.0-3+b1 Debian:12.11/oldstable [amd64])",
    ].join("\n");
    expect(addedPackages(plan)).toEqual(["libgpgme11", "buildah"]);
  });
});

describe("a downloaded package", () => {
  const pins = { runc: { version: "1.1.5", sha256: { amd64: "aaa" } } };
  const runc = { name: "runc", version: "1.1.5", arch: "amd64", sha256: "aaa" };

  it("is refused when the pinned version has another checksum", () => {
    const check = () => requirePinnedChecksum({ ...runc, sha256: "bbb" }, pins);
    expect(check).toThrow("runc 1.1.5 has checksum bbb, and aaa is pinned");
  });

  it.each([
    ["is as pinned", runc],
    ["is a later version, which apt has checked", { ...runc, version: "1.1.6", sha256: "bbb" }],
    ["is for an architecture without a pinned checksum", { ...runc, arch: "arm64", sha256: "bbb" }],
  ])("is accepted when it %s", (_why, record) => {
    expect(() => requirePinnedChecksum(record, pins)).not.toThrow();
  });

  it("is named when it replaces the pinned one", () => {
    expect(replacementOf({ ...runc, version: "1.1.6" }, pins)).toMatch(/^runc: 1\.1\.6 instead of 1\.1\.5, /);
    expect(replacementOf(runc, pins)).toBeUndefined();
    // A dependency: it has no pin.
    expect(replacementOf({ ...runc, name: "libc6" }, pins)).toBeUndefined();
  });

  it("has a committed checksum for every pinned package", async () => {
    for (const [name, pin] of Object.entries(await readDebianPins())) {
      expect(Object.keys(pin.sha256), name).not.toEqual([]);
    }
  });
});
