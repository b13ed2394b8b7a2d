import { describe, expect, it } from "vitest";
import { type Ticket, WaitingLine } from "./waiting-line.ts";

interface Named extends Ticket {
  name: string;
}

/** A ticket of a user, `a1` of user `a`; of pool `p` unless others are named. */
function ticket(name: string, ...pools: string[]): Named {
  return { name, userUid: name.slice(0, 1), pools: new Set(pools.length > 0 ? pools : ["p"]) };
}

function lineOf(...tickets: Named[]): WaitingLine<Named> {
  const line = new WaitingLine<Named>();
  for (const each of tickets) line.add(each);
  return line;
}

/** The names in the order in which they are served. */
function servedBy(line: WaitingLine<Named>, ...pools: string[]): string[] {
  const served: string[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const next = line.next(pools[turn % pools.length] ?? "p");
    if (next) served.push(next.name);
  }
  return served;
}

describe("a waiting line", () => {
  const orders: [string, string[], string[]][] = [
    ["serves one user in the order of its claims", ["a1", "a2", "a3"], ["a1", "a2", "a3"]],
    ["lets users take turns", ["a1", "a2", "a3", "b1", "c1", "b2"], ["a1", "b1", "c1", "a2", "b2", "a3"]],
    [
      "serves a single claim after one of each other user",
      [...Array.from({ length: 9 }, (_, index) => `a${index}`), "b1"],
      ["a0", "b1", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"],
    ],
  ];
  it.each(orders)("%s", (_, came, served) => {
    expect(servedBy(lineOf(...came.map((name) => ticket(name))), "p")).toEqual(served);
  });

  it.each(orders)("tells how many are ahead: %s", (_, came, served) => {
    const tickets = came.map((name) => ticket(name));
    const line = lineOf(...tickets);
    expect(tickets.map((each) => line.ahead(each))).toEqual(came.map((name) => served.indexOf(name)));
  });

  it("gives a runtime only to claims that its pool may serve", () => {
    const line = lineOf(ticket("a1", "x"), ticket("b1", "y"), ticket("c1", "x", "y"));
    expect(line.next("z")).toBeUndefined();
    expect(line.next("y")?.name).toBe("b1");
    expect(line.next("y")?.name).toBe("c1");
    expect(line.next("y")).toBeUndefined();
    expect(line.next("x")?.name).toBe("a1");
    expect(line.size).toBe(0);
  });

  it("passes over claims that the runtime does not suit, and keeps their place", () => {
    const line = lineOf(ticket("a1"), ticket("b1"), ticket("a2"));
    expect(line.next("p", ({ name }) => name === "a2")?.name).toBe("a2");
    expect(line.next("p", ({ name }) => name === "c1")).toBeUndefined();
    expect(servedBy(line)).toEqual(["b1", "a1"]);
  });

  it("serves a user whose turn it was not meant for in its place", () => {
    const line = lineOf(ticket("a1", "x"), ticket("b1"), ticket("a2", "x"), ticket("b2"));
    expect(servedBy(line, "p", "p", "x", "x")).toEqual(["b1", "b2", "a1", "a2"]);
  });

  it("serves what is put back before all others", () => {
    const line = lineOf(ticket("a1"), ticket("b1"), ticket("a2"));
    line.putBack(line.next("p")!);
    expect(servedBy(line, "p")).toEqual(["a1", "b1", "a2"]);
  });

  it("serves nobody who has left", () => {
    const [first, second] = [ticket("a1"), ticket("a2")];
    const line = lineOf(first, second);
    expect(line.remove(first)).toBe(true);
    expect(line.remove(first)).toBe(false);
    expect(servedBy(line, "p")).toEqual(["a2"]);
  });

  it("knows the youngest ticket of whoever has the most", () => {
    const line = lineOf(ticket("a1"), ticket("b1"), ticket("b2"), ticket("c1"));
    expect(line.last()?.name).toBe("b2");
    expect(new WaitingLine().last()).toBeUndefined();
  });
});
