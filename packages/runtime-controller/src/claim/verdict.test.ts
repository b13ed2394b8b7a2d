import { ApiError, type StatusCause, TransportError } from "@datalayer/shared/kube/api-error";
import { describe, expect, it } from "vitest";
import { type Verdict, verdictOf } from "./verdict.ts";

const call = { verb: "patch", kind: "Pod", target: "team/runtime-1" };
const answered = (status: number, causes?: StatusCause[]): ApiError =>
  new ApiError(call, status, { details: causes && { causes } });
const unanswered = (sent: boolean): TransportError =>
  new TransportError(call, "timeout", "no answer", { sent });

describe("the verdict on a failed claim patch", () => {
  it.each<[string, unknown, Verdict]>([
    ["404: no such Pod", answered(404), "gone"],
    ["409: only a precondition that we do not send", answered(409), "busy"],
    ["429: nothing was done", answered(429), "busy"],
    ["422 without causes: a test failed", answered(422), "refused"],
    ["422 with no cause in the list", answered(422, []), "refused"],
    ["422 with causes: the values are wrong", answered(422, [{ field: "metadata.labels" }]), "invalid"],
    ["500", answered(500), "ambiguous"],
    ["503", answered(503), "ambiguous"],
    ["504", answered(504), "ambiguous"],
    ["400", answered(400), "fault"],
    ["401", answered(401), "fault"],
    ["403: admission or rights", answered(403), "fault"],
    ["no answer to what was sent", unanswered(true), "ambiguous"],
    ["never sent", unanswered(false), "busy"],
    ["anything else", new Error("out of memory"), "ambiguous"],
  ])("on %s", (_, error, verdict) => {
    expect(verdictOf(error)).toBe(verdict);
  });
});
