import type { ConfigMap } from "../src/kube/kinds.ts";

/** A ConfigMap as a server could have stored it; every field can be overridden. */
export function storedConfigMap(
  metadata: Partial<ConfigMap["metadata"]> = {},
  data: Record<string, string> = {},
): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "a",
      namespace: "team",
      uid: "uid-1",
      resourceVersion: "10",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
    data,
  };
}
