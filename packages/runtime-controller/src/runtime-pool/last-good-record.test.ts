import { ControllerRevision } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { storedEnvironment, storedPool } from "../../test/pool-objects.ts";
import { buildWarmPod } from "../runtime/pod-builder.ts";
import { buildRecord, podOfRecord, recordedRevisionOf } from "./last-good-record.ts";

const template = {
  pool: storedPool(),
  environment: storedEnvironment({ env: [{ name: "GREETING", value: 'say "hello"' }] }),
  settings: { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: ["reg-creds"] },
  image: "registry.example/team/jupyter:1",
  revision: "0123456789",
};
const identity = { ulid: "01j9z8w7v6t5s4r3q2p1n0m9k8", tokenKeyId: "k1" };

/** The record as the API server returns it. */
function stored(): ControllerRevision {
  const record = JSON.parse(JSON.stringify(buildRecord(template, 1))) as ControllerRevision;
  const creationTimestamp = "2026-01-01T00:00:00Z";
  return { ...record, metadata: { ...record.metadata, uid: "u", resourceVersion: "1", creationTimestamp } };
}

describe("the record of a revision", () => {
  it("gives the very Pod that its template gave", () => {
    const { revision } = template;
    const built = JSON.parse(JSON.stringify(buildWarmPod(template, { ...identity, revision }))) as object;
    expect(podOfRecord(stored(), identity)).toEqual(built);
  });

  it("belongs to its pool and goes with it", () => {
    expect(stored().metadata).toMatchObject({
      name: "runtime-pool-python-simple-pool",
      namespace: "datalayer-runtimes",
      ownerReferences: [{ kind: "RuntimePool", uid: template.pool.metadata.uid, controller: true }],
    });
  });

  it("speaks for that pool only, not for the next one of its name", () => {
    const next = storedPool();
    next.metadata.uid = "another";
    expect(recordedRevisionOf(stored(), template.pool)).toBe(template.revision);
    expect(recordedRevisionOf(stored(), next)).toBeUndefined();
    expect(recordedRevisionOf(undefined, next)).toBeUndefined();
  });
});
