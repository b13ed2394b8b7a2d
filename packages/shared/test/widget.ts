import { defineKind, type KubeObject } from "../src/kube/object.ts";
import type { RestClient } from "../src/kube/rest.ts";
import type { CommonStatus } from "../src/controller/status.ts";

/** A kind of our own with a status, for tests of what reconciles. */
export interface Widget extends KubeObject {
  spec: { size: number };
  status?: CommonStatus & { size?: number; note?: string };
}

export const Widget = defineKind<Widget>({
  apiVersion: "test.datalayer.io/v1",
  kind: "Widget",
  plural: "widgets",
});

const CustomResourceDefinition = defineKind<KubeObject & { spec: object }>({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
});

const condition = {
  type: "object",
  required: ["type"],
  properties: {
    type: { type: "string" },
    status: { type: "string" },
    reason: { type: "string" },
    message: { type: "string" },
    observedGeneration: { type: "integer" },
    lastTransitionTime: { type: "string", format: "date-time" },
  },
};

const schema = {
  type: "object",
  properties: {
    spec: { type: "object", properties: { size: { type: "integer" } } },
    status: {
      type: "object",
      properties: {
        observedGeneration: { type: "integer" },
        size: { type: "integer" },
        note: { type: "string" },
        conditions: {
          type: "array",
          items: condition,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
        },
      },
    },
  },
};

/** Makes the API server serve widgets; other test files may do the same at the same time. */
export async function installWidgets(client: RestClient): Promise<void> {
  const [group, version] = Widget.apiVersion.split("/") as [string, string];
  await client.apply(CustomResourceDefinition, {
    apiVersion: CustomResourceDefinition.apiVersion,
    kind: CustomResourceDefinition.kind,
    metadata: { name: `${Widget.plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: Widget.plural, kind: Widget.kind },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: { status: {} },
        },
      ],
    },
  });
}
