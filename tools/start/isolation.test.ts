import { describe, expect, it } from "vitest";
import { isolationHere } from "./isolation.ts";

describe("the isolation of builds on this machine", () => {
  it.each([
    ["is without root where a kernel has no such settings", {}, "rootless"],
    [
      "is without root where ordinary users may make namespaces",
      { max_user_namespaces: "96365\n" },
      "rootless",
    ],
    [
      "is with root where AppArmor forbids it",
      { apparmor_restrict_unprivileged_userns: "1\n" },
      "privileged",
    ],
    ["is with root where the kernel forbids it", { unprivileged_userns_clone: "0\n" }, "privileged"],
    ["is with root where none may be made", { max_user_namespaces: "0\n" }, "privileged"],
  ])("%s", async (_, settings: Record<string, string>, expected) => {
    const read = (path: string): Promise<string> => Promise.resolve(settings[path.split("/").at(-1)!] ?? "");
    expect(await isolationHere(read)).toBe(expected);
  });
});
