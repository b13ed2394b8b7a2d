import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";

const byUid = "content-uid";

/** The indexes of a cache of contents: by the uid that environments select them with. */
export const contentIndexes = {
  [byUid]: ({ metadata, spec }: RuntimeContent): string[] =>
    spec.uid === undefined ? [] : [indexKeyOf(metadata.namespace, spec.uid)],
};

/** The content of a namespace that declares a uid; when several do, the oldest. */
export function contentOfUid(
  contents: Pick<ObjectReader<RuntimeContent>, "byIndex">,
  namespace: string | undefined,
  uid: string,
): RuntimeContent | undefined {
  return contents.byIndex(byUid, indexKeyOf(namespace, uid)).toSorted(oldestFirst)[0];
}

/** The other contents of its namespace that declare the same uid as this one. */
export function otherContentsOfUid(
  contents: Pick<ObjectReader<RuntimeContent>, "byIndex">,
  { metadata, spec }: RuntimeContent,
): RuntimeContent[] {
  if (spec.uid === undefined) return [];
  const all = contents.byIndex(byUid, indexKeyOf(metadata.namespace, spec.uid));
  return all.filter((other) => other.metadata.uid !== metadata.uid);
}

// ULIDs are the same in upper and lower case.
function indexKeyOf(namespace: string | undefined, uid: string): string {
  return `${namespace ?? ""}/${uid.toUpperCase()}`;
}

function oldestFirst({ metadata: a }: RuntimeContent, { metadata: b }: RuntimeContent): number {
  const byAge = Date.parse(a.creationTimestamp) - Date.parse(b.creationTimestamp);
  return byAge || (a.name < b.name ? -1 : 1);
}
