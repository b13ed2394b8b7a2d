import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { parseRuntime, type Runtime } from "../runtime/runtime.ts";

/** The runtime Pod of this name as the API server has it now; undefined when there is none. */
export async function podNamed(
  kube: RestClient,
  { namespace, name }: ObjectRef,
): Promise<Runtime | undefined> {
  const pod = await kube.get(Pod, { namespace, name }).catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
  return pod && parseRuntime(pod);
}
