import { ConfigMap, Namespace } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { placeOf, rightsIn } from "./access.ts";

const object = (namespace?: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "any", ...(namespace !== undefined && { namespace }) },
});

describe("the rights that an installation needs", () => {
  it("are asked for in each namespace that the chart writes to, once for every verb", () => {
    const places = [object("default"), object("builds"), object("default"), object()].map((one) =>
      placeOf(one as ConfigMap, ConfigMap, "release"),
    );
    const rights = rightsIn(places);
    expect(rights.filter(({ verb }) => verb === "create").map(({ namespace }) => namespace)).toEqual([
      "default",
      "builds",
      "release",
    ]);
    expect(rights).toHaveLength(12);
  });

  it("are asked for without a namespace where a kind has none", () => {
    const place = placeOf(object() as unknown as Namespace, Namespace, "release");
    expect(place).toEqual({ group: "", resource: "namespaces" });
  });
});
