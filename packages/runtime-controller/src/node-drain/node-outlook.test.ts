import type { Node } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { createdAt, runtime } from "../../test/pool-objects.ts";
import { emptyingAnnotation } from "../node-scaling/node-role.ts";
import { outlookOf } from "./node-outlook.ts";
import { NodeOutlooks } from "./node-outlooks.ts";

const ready = { type: "Ready", status: "True" };

function node({
  name = "node-a",
  spec,
  conditions = [ready],
  deleted = false,
}: {
  name?: string;
  spec?: Node["spec"];
  conditions?: { type: string; status: string }[];
  deleted?: boolean;
} = {}): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      uid: `uid-of-${name}`,
      resourceVersion: "1",
      creationTimestamp: createdAt,
      ...(deleted && { deletionTimestamp: createdAt }),
    },
    spec,
    status: { conditions },
  };
}

const tainted = (key: string): Node => node({ spec: { taints: [{ key, effect: "NoSchedule" }] } });

const emptiedFor = {
  metadata: { ...node().metadata, annotations: { [emptyingAnnotation]: "scale-down-1" } },
};

describe("a node", () => {
  const table: [string, Node, string][] = [
    ["that is ready stays", node(), "staying"],
    ["without a status yet stays", node({ conditions: [] }), "staying"],
    ["that is cordoned leaves", node({ spec: { unschedulable: true } }), "leaving"],
    [
      "that is cordoned to be scaled down is emptied",
      { ...node({ spec: { unschedulable: true } }), ...emptiedFor },
      "emptying",
    ],
    ["that is to be scaled down and takes Pods stays", { ...node(), ...emptiedFor }, "staying"],
    [
      "that is scaled down and taken back leaves",
      { ...tainted("aws-node-termination-handler/spot-itn"), ...emptiedFor },
      "leaving",
    ],
    ["that is being deleted leaves", node({ deleted: true }), "leaving"],
    ["that the Cluster Autoscaler removes leaves", tainted("ToBeDeletedByClusterAutoscaler"), "leaving"],
    [
      "that is a candidate of the Cluster Autoscaler stays",
      tainted("DeletionCandidateOfClusterAutoscaler"),
      "staying",
    ],
    ["that Karpenter disrupts leaves", tainted("karpenter.sh/disrupted"), "leaving"],
    ["that AWS takes back leaves", tainted("aws-node-termination-handler/spot-itn"), "leaving"],
    ["that GKE takes back leaves", tainted("cloud.google.com/impending-node-termination"), "leaving"],
    ["that AKS drains leaves", tainted("remediator.kubernetes.azure.com/unschedulable"), "leaving"],
    [
      "that Azure announces to take back leaves",
      node({ conditions: [ready, { type: "PreemptScheduled", status: "True" }] }),
      "leaving",
    ],
    [
      "that Azure does not announce to take back stays",
      node({ conditions: [ready, { type: "PreemptScheduled", status: "False" }] }),
      "staying",
    ],
    ["with a taint of its own kind stays", tainted("nvidia.com/gpu"), "staying"],
    ["that is not ready is silent", node({ conditions: [{ type: "Ready", status: "False" }] }), "silent"],
    [
      "whose readiness is unknown is silent, cordoned or not",
      node({ spec: { unschedulable: true }, conditions: [{ type: "Ready", status: "Unknown" }] }),
      "silent",
    ],
  ];
  it.each(table)("%s", (_, given, expected) => {
    expect(outlookOf(given).kind).toBe(expected);
  });
});

describe("the node of a runtime", () => {
  const nowMs = Date.parse(createdAt);
  const outlooks = new NodeOutlooks({ get: ({ name }) => (name === "node-a" ? node() : undefined) });

  it("is judged as it is", () => {
    expect(outlooks.ofRuntime(runtime("a"), nowMs).kind).toBe("staying");
  });

  it("is silent when it is gone", () => {
    const orphan = runtime("a", { node: "gone", ageSeconds: 31 });
    expect(outlooks.ofRuntime(orphan, nowMs)).toEqual({ kind: "silent", because: "it is gone" });
  });

  it("may be too new to be known", () => {
    expect(outlooks.ofRuntime(runtime("a", { node: "new", ageSeconds: 29 }), nowMs).kind).toBe("staying");
  });
});
