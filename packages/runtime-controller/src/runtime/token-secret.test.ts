import { describe, expect, it } from "vitest";
import { runtimePod } from "../../test/pool-objects.ts";
import { buildTokenSecret } from "./token-secret.ts";

describe("the Secret of a token", () => {
  it("is immutable and goes with its Pod", () => {
    const pod = runtimePod("a");
    const { name, uid } = pod.metadata;
    expect(buildTokenSecret(pod, "secret")).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "runtime-a-token",
        namespace: "datalayer-runtimes",
        labels: { app: "runtime-pools" },
        ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid }],
      },
      immutable: true,
      data: { token: Buffer.from("secret").toString("base64") },
    });
  });
});
