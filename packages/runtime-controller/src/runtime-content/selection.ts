import { findCondition, isTrue } from "@datalayer/shared/controller/conditions";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { contentOfUid } from "./content-index.ts";

/** How an environment names a content. */
export type ContentReference = NonNullable<RuntimeEnvironment["spec"]["contents"]>[number];

/** A content at the place where runtimes find it. */
export interface MountedContent {
  content: RuntimeContent;
  /** Absolute path. */
  mount: string;
  readOnly: boolean;
}

/** Why a content that an environment names cannot be mounted. */
export interface SelectionFault {
  reason: "ContentNotFound" | "ContentNotReady" | "PermissionsWidened";
  /** Field of the environment, value, and what was expected. */
  message: string;
  /** Whether it ends without anybody changing something. */
  isPassing?: boolean;
}

/** What the references of an environment select: all of them, or nothing and the faults in their order. */
export type Selection =
  | { mounted: readonly MountedContent[]; faults?: undefined }
  | { mounted?: undefined; faults: readonly [SelectionFault, ...SelectionFault[]] };

/** The contents of a namespace, with the index of `contentIndexes`. */
export type ContentReader = Pick<ObjectReader<RuntimeContent>, "get" | "byIndex">;

/** Finds what an environment's references select. Nothing is mounted by halves: one fault spoils the selection. */
export function selectContents(
  references: readonly ContentReference[],
  namespace: string | undefined,
  contents: ContentReader,
): Selection {
  const found = references.map((reference, index) => selectOne(reference, index, { namespace, contents }));
  const [first, ...rest] = found.flatMap((each) => ("reason" in each ? [each] : []));
  if (first) return { faults: [first, ...rest] };
  return { mounted: found.flatMap((each) => ("reason" in each ? [] : [each])) };
}

/** Whether a content is one of those that references name. */
export function isNamedIn(
  { metadata, spec }: RuntimeContent,
  references: readonly ContentReference[] = [],
): boolean {
  return references.some(({ name, uid }) =>
    name === undefined ? uid?.toUpperCase() === spec.uid?.toUpperCase() : name === metadata.name,
  );
}

function selectOne(
  reference: ContentReference,
  index: number,
  { namespace, contents }: { namespace: string | undefined; contents: ContentReader },
): MountedContent | SelectionFault {
  const field = `spec.contents[${index}]`;
  const content = contentOf(reference, namespace, contents);
  if (!content) return notFound(reference, field, namespace);
  const { name } = content.metadata;
  const unready = unreadinessOf(content);
  if (unready)
    return {
      reason: "ContentNotReady",
      message: `${field}: RuntimeContent "${name}" is not ready: ${unready.message}`,
      isPassing: unready.isPassing,
    };
  const offered = content.spec.permissions ?? "ro";
  const wanted = reference.permissions ?? offered;
  if (wanted === "rw" && offered === "ro") {
    const message = `${field}.permissions: rw; expected ro, which is what RuntimeContent "${name}" permits: an environment may only narrow it.`;
    return { reason: "PermissionsWidened", message };
  }
  return { content, mount: reference.mount, readOnly: wanted === "ro" };
}

/** The content that a reference names, ready or not. */
export function contentOf(
  { name, uid = "" }: ContentReference,
  namespace: string | undefined,
  contents: ContentReader,
): RuntimeContent | undefined {
  return name === undefined ? contentOfUid(contents, namespace, uid) : contents.get({ namespace, name });
}

function notFound(
  { name, uid = "" }: ContentReference,
  field: string,
  namespace: string | undefined,
): SelectionFault {
  const which =
    name === undefined
      ? `.uid: there is no RuntimeContent with uid ${uid}`
      : `.name: there is no RuntimeContent "${name}"`;
  return { reason: "ContentNotFound", message: `${field}${which} in namespace ${namespace ?? ""}.` };
}

/** Why a content is not ready as it is specified now; undefined when it is. */
function unreadinessOf({
  metadata,
  status,
}: RuntimeContent): { message: string; isPassing: boolean } | undefined {
  const conditions = status?.conditions ?? [];
  if (metadata.generation !== status?.observedGeneration)
    return { message: "it has not been looked at yet.", isPassing: true };
  if (isTrue(conditions, "Ready")) return undefined;
  const { message = "" } = findCondition(conditions, "Ready") ?? {};
  return { message, isPassing: !isTrue(conditions, "Stalled") };
}
