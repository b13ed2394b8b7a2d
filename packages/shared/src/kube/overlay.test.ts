import { describe, expect, it } from "vitest";
import { storedConfigMap } from "../../test/config-map.ts";
import { ManualClock } from "../clock/manual-clock.ts";
import { Overlay } from "./overlay.ts";

const object = storedConfigMap({ uid: "uid-1", resourceVersion: "10" });

describe("an overlay", () => {
  it("forgets a deletion once the watch has delivered it, so that it does not grow with every deletion", () => {
    const overlay = new Overlay(new ManualClock());
    overlay.remove("team/a", "uid-1", object);
    expect(overlay.resolve("team/a", object)).toBeUndefined();
    overlay.buried("team/a", "another uid");
    expect(overlay.resolve("team/a", object)).toBeUndefined();
    overlay.buried("team/a", "uid-1");
    expect(overlay.resolve("team/a", object)).toBe(object);
  });

  it("forgets a deletion that the watch never delivers after a minute", async () => {
    const clock = new ManualClock();
    const overlay = new Overlay(clock);
    overlay.remove("team/a", "uid-1", object);
    await clock.advance(59_999);
    expect(overlay.settle("11")).toEqual([]);
    await clock.advance(1);
    expect(overlay.settle("12")).toEqual(["team/a"]);
  });
});
