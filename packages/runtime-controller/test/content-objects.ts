import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { keyOf } from "@datalayer/shared/kube/object";
import { contentIndexes } from "../src/runtime-content/content-index.ts";
import type { ContentReader } from "../src/runtime-content/selection.ts";
import { createdAt } from "./pool-objects.ts";

/** What of a stored content is not its spec; all optional. */
export interface ContentTraits {
  name?: string;
  /** Default: Ready, as the controller found it. */
  status?: RuntimeContent["status"];
  createdAt?: string;
}

const ready: RuntimeContent["status"] = {
  observedGeneration: 1,
  conditions: [
    { type: "Ready", status: "True", reason: "Mountable", message: "", lastTransitionTime: createdAt },
  ] as NonNullable<RuntimeContent["status"]>["conditions"],
};

/** A content as the API server stores it: a repository at a pinned commit, unless `spec` says another type. */
export function storedContent(
  spec: Partial<RuntimeContent["spec"]> = {},
  { name = "course", status = ready, ...traits }: ContentTraits = {},
): RuntimeContent {
  const { type = "git" } = spec;
  const git = { source: "https://git.example.org/course.git", revision: "a".repeat(40) };
  return {
    apiVersion: "datalayer.io/v1",
    kind: "RuntimeContent",
    metadata: {
      name,
      namespace: "datalayer-runtimes",
      uid: `uid-of-${name}`,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: traits.createdAt ?? createdAt,
    },
    spec: { permissions: "ro", ...(type === "git" && git), ...spec, type },
    status,
  };
}

/** A cache that holds these contents. */
export function contentsOf(contents: readonly RuntimeContent[]): ContentReader {
  return {
    get: (ref) => contents.find(({ metadata }) => keyOf(metadata) === keyOf(ref)),
    byIndex: (_, value) =>
      contents.filter((content) => contentIndexes["content-uid"](content).includes(value)),
  };
}
