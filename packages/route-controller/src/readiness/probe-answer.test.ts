import { describe, expect, it } from "vitest";
import { judge, type ProbeAnswer } from "./probe-answer.ts";

function answered(status: number, rest: { body?: string; location?: string } = {}): ProbeAnswer {
  return { kind: "answered", status, body: "", ...rest };
}

const ownAnswers = [
  [502, "Bad Gateway"],
  [503, "no available server\n"],
  [504, "Gateway Timeout"],
] as const;

describe("a Route that everyone may use behaves", () => {
  it.each([200, 204, 301, 401, 404, 500, 503])("when its target answers with %d", (status) => {
    expect(judge(answered(status, { body: "of the target" }), "nobody").status).toBe("True");
  });

  it.each(ownAnswers)("not when Traefik answers for the target with %d", (status, body) => {
    expect(judge(answered(status, { body }), "nobody")).toMatchObject({
      status: "False",
      reason: "TargetFails",
    });
  });

  it("perhaps when the answer is what Traefik says of a path that it does not know", () => {
    const own = answered(404, { body: "404 page not found\n" });
    expect(judge(own, "nobody")).toMatchObject({ status: "Unknown", reason: "ProbeInconclusive" });
  });
});

describe("a Route that is shown with a certificate of another name", () => {
  const certificateFault = "Who asks for a.test is shown a certificate of other names: DNS:b.test.";

  it.each([
    [200, "nobody"],
    [401, "data plane"],
    [403, "target"],
  ] as const)("does not behave when it answers with %d as the %s should", (status, refusedBy) => {
    const answer = { ...answered(status), certificateFault } as ProbeAnswer;
    expect(judge(answer, refusedBy)).toEqual({
      status: "False",
      reason: "CertificateNotServed",
      message: certificateFault,
    });
  });

  it("is first told of as one that lets strangers in", () => {
    const answer = { ...answered(200), certificateFault } as ProbeAnswer;
    expect(judge(answer, "target").reason).toBe("AuthNotEnforced");
  });
});

describe.each(["data plane", "target"] as const)(
  "a Route whose %s refuses strangers behaves",
  (refusedBy) => {
    it.each([401, 403])("when a request without credentials gets %d", (status) => {
      expect(judge(answered(status), refusedBy).status).toBe("True");
    });

    it.each(["/user/login?next=%2F", "https://id.test/oauth2/start", "/signin"])(
      "when such a request is sent to %s",
      (location) => {
        expect(judge(answered(302, { location }), refusedBy).status).toBe("True");
      },
    );

    it("not when such a request gets an answer", () => {
      expect(judge(answered(200), refusedBy)).toMatchObject({ status: "False", reason: "AuthNotEnforced" });
    });

    it.each([
      ["a redirect to elsewhere", answered(302, { location: "/blogin" })],
      ["a redirect to elsewhere, from where one could sign in", answered(302, { location: "/a?to=/login" })],
      ["404", answered(404)],
      ["500", answered(500)],
      ["no answer", { kind: "failed", message: "ECONNREFUSED" }],
    ] as const)("perhaps when it gets %s", (_, answer) => {
      expect(judge(answer, refusedBy)).toMatchObject({ status: "Unknown", reason: "ProbeInconclusive" });
    });

    it.each(ownAnswers)("not when Traefik answers for the target with %d", (status, body) => {
      expect(judge(answered(status, { body }), refusedBy).status).toBe("False");
    });
  },
);

describe("a Route that asks for certificates behaves", () => {
  it("when a connection without one is refused, and only then", () => {
    expect(judge({ kind: "certificate required" }, "handshake").status).toBe("True");
    expect(judge(answered(200), "handshake")).toMatchObject({ status: "False", reason: "AuthNotEnforced" });
    expect(judge({ kind: "failed", message: "reset" }, "handshake").status).toBe("Unknown");
  });
});
