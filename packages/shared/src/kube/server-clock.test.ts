import { describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { ServerClock } from "./server-clock.ts";

const startMs = Date.UTC(2026, 0, 1);
const hourMs = 3_600_000;
const dateOf = (ms: number): string => new Date(ms).toUTCString();

function clocks(): { machine: ManualClock; server: ServerClock } {
  const machine = new ManualClock(startMs);
  return { machine, server: new ServerClock(machine) };
}

describe("the clock of the API server", () => {
  it("is that of the machine before the first answer", () => {
    expect(clocks().server.now()).toBe(startMs);
  });

  it.each([
    ["ahead", -hourMs],
    ["behind", hourMs],
  ])("holds when the machine is an hour %s", async (_, aheadMs) => {
    const { machine, server } = clocks();
    server.observe(dateOf(startMs + aheadMs));
    expect(server.now()).toBe(startMs + aheadMs);
    await machine.advance(5_000);
    expect(server.now()).toBe(startMs + aheadMs + 5_000);
  });

  it("is that of the machine while they agree to within two seconds", () => {
    const { server } = clocks();
    server.observe(dateOf(startMs + 2_000));
    expect(server.now()).toBe(startMs);
  });

  it("does not waver with the fractions of seconds that answers leave out", async () => {
    const { machine, server } = clocks();
    server.observe(dateOf(startMs + hourMs));
    await machine.advance(900);
    server.observe(dateOf(startMs + hourMs));
    expect(server.now()).toBe(startMs + hourMs + 900);
  });

  it("follows the machine again when its clock is put right", () => {
    const { machine, server } = clocks();
    server.observe(dateOf(startMs + hourMs));
    machine.jump(hourMs);
    server.observe(dateOf(startMs + hourMs));
    expect(server.now()).toBe(startMs + hourMs);
  });

  it.each([[undefined], ["yesterday"], [["a", "b"]]])("ignores the date %s", (date) => {
    const { server } = clocks();
    server.observe(date);
    expect(server.now()).toBe(startMs);
  });
});
