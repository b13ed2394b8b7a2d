import { describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { runtimePod } from "../../test/pool-objects.ts";
import { parseRuntime } from "../runtime/runtime.ts";
import { buildClaimSecret } from "./claim-secret.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("the Secret of a claim", () => {
  it("is immutable, goes with its Pod, and says to which claim it belongs", () => {
    const runtime = parseRuntime(runtimePod("a"))!;
    const variables = new Map([
      ["API_KEY", "düster\n"],
      ["EMPTY", ""],
    ]);
    expect(buildClaimSecret(runtime, assignment({ claimId: "claim-7" }), variables)).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "runtime-a-claim",
        namespace: "datalayer-runtimes",
        labels: { app: "runtime-pools" },
        ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "runtime-a", uid: runtime.uid }],
      },
      immutable: true,
      data: { "secret-of-claim": base64("claim-7"), API_KEY: base64("düster\n"), EMPTY: "" },
    });
  });
});
