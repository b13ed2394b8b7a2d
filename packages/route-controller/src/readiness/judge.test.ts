import { describe, expect, it } from "vitest";
import { resolvedRoute } from "../../test/resolved-route.ts";
import type { ReplicaView } from "./data-plane.ts";
import { judgeBehaviour, judgeLeaving, judgeRoute, type Known } from "./judge.ts";
import type { Router } from "./routers.ts";
import { subjectOf } from "./subject.ts";
import type { Finding } from "./verdict.ts";

const router: Router = {
  name: "team-a_r_0",
  isEnabled: true,
  errors: [],
  rule: "x",
  priority: 1,
  entryPoints: [],
  middlewares: [],
  hasTls: false,
};

const subject = {
  ...subjectOf(resolvedRoute(), { className: "datalayer", hash: "h", objects: [] }),
  routers: [
    { names: [router.name], rule: "x", priority: 1, entryPoints: [], middlewares: [], hasTls: false },
  ],
};

const nowMs = 100_000;
const good: Finding = { status: "True", reason: "Programmed", message: "ok" };
const bad: Finding = { status: "False", reason: "TargetFails", message: "502" };

function known(probes: Record<string, Finding> = {}): Known {
  return { subject, sinceMs: 50_000, probes: new Map(Object.entries(probes)) };
}

function view(name: string, state: Partial<ReplicaView> & { has?: Router[] } = {}): ReplicaView {
  const { has = [router], ...rest } = state;
  const replica = { name, api: "http://api", http: "http://web", https: undefined };
  const routers = new Map(has.map((one) => [one.name, one]));
  return { replica, foundAtMs: 0, readAtMs: 60_000, routers, ...rest };
}

const failure = { message: "ECONNREFUSED", atMs: 99_000 };

describe("what is said of a Route", () => {
  it("is that it is programmed when every replica serves it", () => {
    expect(judgeRoute(known(), [view("a"), view("b")], nowMs)).toMatchObject({
      programmed: { status: "True" },
      replicas: { programmed: 2, total: 2 },
    });
  });

  it("is that it is not while one replica does not, and which", () => {
    const other = { ...router, name: "other" };
    expect(judgeRoute(known(), [view("a"), view("b", { has: [other] })], nowMs)).toMatchObject({
      programmed: { status: "False", message: expect.stringContaining("Replica b: ") as string },
      replicas: { programmed: 1, total: 2 },
    });
  });

  it("is nothing while a replica was not asked since the Route is as it is", () => {
    expect(judgeRoute(known(), [view("a"), view("b", { readAtMs: 49_999 })], nowMs)).toBeUndefined();
  });

  it("is nothing certain when a replica cannot be asked", () => {
    const unreachable = view("b", { readAtMs: 49_999, failure });
    expect(judgeRoute(known(), [view("a"), unreachable], nowMs)).toMatchObject({
      programmed: { status: "Unknown", reason: "ProbeInconclusive" },
      replicas: { programmed: 1, total: 2 },
    });
  });

  it("stays when a replica cannot be asked for a moment, and not for longer", () => {
    const failing = view("a", { failure });
    expect(judgeRoute(known(), [failing], nowMs)?.programmed.status).toBe("True");
    expect(judgeRoute(known(), [failing], nowMs + 60_000)?.programmed.status).toBe("Unknown");
  });

  it("is nothing certain when there is no replica", () => {
    expect(judgeRoute(known(), [], nowMs)).toMatchObject({
      programmed: { status: "Unknown", reason: "NoDataPlane" },
    });
  });

  it("is that it is not while what a former Route has left may answer in its place", () => {
    const leftover = { ...router, name: "left", rule: "Host(`r.test`)" };
    const mine = { ...subject.routers[0]!, entryPoints: ["web"], rule: leftover.rule };
    const served = { ...router, entryPoints: ["web"], rule: leftover.rule };
    const one = { ...known(), subject: { ...subject, routers: [mine] } };
    const state = { has: [served], leftovers: [{ ...leftover, entryPoints: ["web"] }] };
    expect(judgeRoute(one, [view("a", state)], nowMs)?.programmed).toMatchObject({
      status: "False",
      message: expect.stringContaining("router left of a Route that is gone") as string,
    });
    expect(judgeRoute(one, [view("a", { ...state, leftovers: [] })], nowMs)?.programmed.status).toBe("True");
  });

  it("stays while a replica has just started and serves nothing at all yet", () => {
    const started = view("b", { foundAtMs: 95_000, has: [] });
    expect(judgeRoute(known(), [view("a"), started], nowMs)).toBeUndefined();
    expect(judgeRoute(known(), [view("a"), started], nowMs + 10_000)?.programmed.status).toBe("False");
  });
});

describe("what is said of a Route of which nothing is made any more", () => {
  it("is how many replicas still serve what it was, until none does", () => {
    expect(judgeLeaving(subject, [view("a"), view("b", { has: [] })])).toMatchObject({
      programmed: { status: "False", message: "1 of 2 replicas still serve what it was." },
      replicas: { programmed: 1, total: 2 },
    });
    expect(judgeLeaving(subject, [view("b", { has: [] })])).toBeUndefined();
  });
});

describe("what is said of its requests", () => {
  const views = [view("a"), view("b")];

  it("is good when all replicas were tried and did well", () => {
    expect(judgeBehaviour(known({ a: good, b: good }), views)).toEqual(good);
  });

  it("is nothing until all were tried, except where one does badly", () => {
    expect(judgeBehaviour(known({ a: good }), views)).toBeUndefined();
    expect(judgeBehaviour(known({ a: bad }), views)).toMatchObject({
      status: "False",
      message: "Replica a: 502",
    });
  });

  it("is that none was tried, where none can be and the replicas show what they serve", () => {
    const probe = { impossible: "every match is for POST", refusedBy: "nobody" } as const;
    const one = { ...known(), subject: { ...subject, probe } };
    expect(judgeBehaviour(one, views)).toMatchObject({ status: "True", reason: "Untried" });
    const byGateway = { ...one, subject: { ...subject, probe, routers: [] } };
    expect(judgeBehaviour(byGateway, views)).toMatchObject({ status: "Unknown" });
    const guarded = { ...one, subject: { ...subject, probe: { ...probe, refusedBy: "target" } as const } };
    expect(judgeBehaviour(guarded, views)).toMatchObject({ status: "Unknown", reason: "ProbeInconclusive" });
  });
});
