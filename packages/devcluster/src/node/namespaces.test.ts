import { describe, expect, it } from "vitest";
import { refuseHidden } from "./namespaces.ts";

describe("a node's own folders", () => {
  it("may not hide what the node needs", () => {
    expect(() => refuseHidden(["/home/me/.cache/runc", "/var/lib/me/.cache/kubelet"])).toThrow(
      /cannot use \/var\/lib\/me\/.cache\/kubelet.*XDG_CACHE_HOME/,
    );
  });

  it("hide nothing of a folder whose name only starts alike", () => {
    expect(() => refuseHidden(["/runtime/kubelet", "/var/library/kubelet"])).not.toThrow();
  });
});
