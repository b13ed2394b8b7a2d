import { type Document, isMap, isSeq, parseDocument, stringify } from "yaml";

/** A CustomResourceDefinition, as far as a chart tells of it. */
export interface Definition {
  metadata: { name: string };
  spec: {
    names: { kind: string };
    versions: readonly { name: string; schema: { openAPIV3Schema: { description: string } } }[];
  };
}

/**
 * The Chart.yaml with what follows from something else: one version for charts and images, and what ArtifactHub shows of
 * images and kinds.
 */
export function completeChartFile(
  text: string,
  facts: { version: string; images: readonly string[]; definitions: readonly Definition[] },
): string {
  const { version, images, definitions } = facts;
  const document = parseDocument(text);
  document.set("version", version);
  if (document.has("appVersion")) document.set("appVersion", version);
  setDependencyVersions(document, version);
  if (images.length === 0) return document.toString();
  document.setIn(
    ["annotations", "artifacthub.io/images"],
    stringify(images.map((name) => ({ name, image: `datalayer/${name}:${version}` }))),
  );
  if (definitions.length > 0)
    document.setIn(["annotations", "artifacthub.io/crds"], stringify(definitions.flatMap(crdEntries)));
  return document.toString({ lineWidth: 0 });
}

function setDependencyVersions(document: Document, version: string): void {
  const dependencies = document.get("dependencies");
  if (!isSeq(dependencies)) return;
  for (const dependency of dependencies.items) if (isMap(dependency)) dependency.set("version", version);
}

function crdEntries({ metadata, spec }: Definition): Record<string, string>[] {
  return spec.versions.map(({ name: version, schema }) => ({
    kind: spec.names.kind,
    version,
    name: metadata.name,
    displayName: spec.names.kind,
    description: schema.openAPIV3Schema.description,
  }));
}
