import type { Route } from "@datalayer/shared/crds/route";
import { describe, expect, it } from "vitest";
import { reportReadiness } from "./report.ts";
import type { Finding, Verdict } from "./verdict.ts";

const good: Finding = { status: "True", reason: "Programmed", message: "ok" };
const bad: Finding = { status: "False", reason: "AuthNotEnforced", message: "200" };
const replicas = { programmed: 2, total: 2 };

function route(status?: Route["status"]): Route {
  const metadata = { name: "r", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  const spec = { hosts: [], auth: { none: {} }, rules: [] };
  return { apiVersion: "datalayer.io/v1", kind: "Route", metadata, spec, ...(status && { status }) };
}

function report(verdict: Verdict | undefined, status?: Route["status"]) {
  const { conditions, ...rest } = reportReadiness(route(status), { className: "c", hash: "h1", verdict });
  return { ...rest, conditions: Object.fromEntries(conditions.map((one) => [one.type, one.status])) };
}

describe("the status of a Route", () => {
  it("is ready when all replicas serve it and a request behaved", () => {
    expect(report({ programmed: good, behaves: good, replicas })).toMatchObject({
      conditions: { Programmed: "True", Ready: "True" },
      outcome: { kind: "settled" },
      replicas,
    });
  });

  it("is not ready when a request did not behave, or was not sent", () => {
    expect(report({ programmed: good, behaves: bad, replicas })).toMatchObject({
      conditions: { Programmed: "True", Ready: "False" },
      outcome: { kind: "waiting", reason: "AuthNotEnforced" },
    });
    expect(report({ programmed: good, replicas }).conditions).toEqual({
      Programmed: "True",
      Ready: "Unknown",
    });
  });

  it("keeps what was seen of the same objects until something is seen, as after a restart", () => {
    const condition = (type: string) => ({ ...good, type, lastTransitionTime: "" });
    const before = {
      conditions: [condition("Programmed"), condition("Ready")],
      backends: [{ class: "c", hash: "h1", replicas }],
    } as unknown as NonNullable<Route["status"]>;
    expect(report(undefined, before)).toMatchObject({
      conditions: { Programmed: "True", Ready: "True" },
      outcome: { kind: "settled" },
      replicas,
    });
    const ofOthers = { ...before, backends: [{ class: "c", hash: "h0", replicas }] };
    expect(report(undefined, ofOthers).conditions).toEqual({ Programmed: "Unknown", Ready: "Unknown" });
    expect(report(undefined).conditions).toEqual({ Programmed: "Unknown", Ready: "Unknown" });
  });
});
