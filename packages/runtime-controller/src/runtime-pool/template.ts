import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import {
  type ImageFault,
  type ImageReason,
  type ImageSources,
  imageOf,
} from "../runtime-environment/image.ts";
import { contentParts, type ContentSettings } from "../runtime-content/content-parts.ts";
import { type ContentReader, selectContents, type SelectionFault } from "../runtime-content/selection.ts";
import { revisionOf, type RuntimePodSettings, type RuntimeTemplate } from "../runtime/pod-builder.ts";
import { tolerationFaultOf } from "../runtime/toleration.ts";

/** Why it is not known what the Pods of a pool are made of. */
export interface TemplateFault {
  reason: "EnvironmentNotFound" | "TolerationRefused" | ImageReason | SelectionFault["reason"];
  message: string;
  /** Whether it ends without anybody changing something. */
  isPassing?: boolean;
}

/** What the Pods of a pool are made of and its hash, or why that is not known: then no Pod is created. */
export type FoundTemplate =
  | { template: RuntimeTemplate & { readonly revision: string }; fault?: undefined }
  | { template?: undefined; fault: TemplateFault };

/** Where templates are put together from. */
export interface TemplateSources {
  environments: Pick<ObjectReader<RuntimeEnvironment>, "get">;
  imageSources: ImageSources;
  contents: ContentReader;
  podSettings: RuntimePodSettings;
  contentSettings: ContentSettings;
}

/** Puts together what the Pods of a pool are made of, from caches. */
export function gatherTemplate(pool: RuntimePool, sources: TemplateSources): FoundTemplate {
  const { namespace } = pool.metadata;
  const name = pool.spec.environment;
  const environment = name === undefined ? undefined : sources.environments.get({ namespace, name });
  if (!environment) return { fault: environmentNotFound(pool) };
  const refused = tolerationFaultOf(pool.spec);
  if (refused !== undefined) return { fault: { reason: "TolerationRefused", message: refused } };
  const { reference, fault } = imageOf(environment, sources.imageSources);
  if (fault) return { fault: ofEnvironment(environment, fault) };
  const { mounted, faults } = selectContents(environment.spec.contents ?? [], namespace, sources.contents);
  // The first of several: it is mended first, and a message that lists them would change with each.
  if (faults) return { fault: ofEnvironment(environment, faults[0]) };
  const parts = [contentParts(mounted, sources.contentSettings)];
  const template = { pool, environment, image: reference, settings: sources.podSettings, parts };
  return { template: { ...template, revision: revisionOf(template) } };
}

/** A fault of the environment as its pools tell it. */
function ofEnvironment({ metadata }: RuntimeEnvironment, fault: SelectionFault | ImageFault): TemplateFault {
  return { ...fault, message: `RuntimeEnvironment "${metadata.name}": ${fault.message}` };
}

function environmentNotFound({ metadata, spec }: RuntimePool): TemplateFault {
  const message =
    spec.environment === undefined
      ? "spec.environment is not set; expected the name of a RuntimeEnvironment in this namespace."
      : `spec.environment: there is no RuntimeEnvironment "${spec.environment}" in namespace ${metadata.namespace ?? ""}.`;
  return { reason: "EnvironmentNotFound", message };
}
