import { Problem, type FieldError, notFound, unprocessable } from "@datalayer/shared/http/problem";
import { ApiError } from "@datalayer/shared/kube/api-error";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { z } from "zod";
import { type ContentReader, selectContents, type SelectionFault } from "../runtime-content/selection.ts";
import { contentReference } from "./environment-view.ts";

const oneReference = contentReference.refine(
  ({ name, uid }) => (name === undefined) !== (uid === undefined),
  {
    message: "names its content by name or by uid, and by one of them only",
  },
);

/** Body of `PUT /environments/{name}/contents`. */
export const contentsBody = z
  .object({ contents: z.array(oneReference).max(32).describe("All contents; those not named go.") })
  .meta({
    id: "EnvironmentContents",
    description: "The contents of an environment, each by name or by uid.",
    examples: [
      {
        contents: [
          { uid: "01J9Z8W7V6T5S4R3Q2P1N0M9K8", mount: "/home/datalayer/examples", permissions: "ro" },
        ],
      },
    ],
  });

/** Tells versions of an environment's spec apart. */
export function etagOf({ metadata }: RuntimeEnvironment): string {
  return `"${metadata.uid}-${metadata.generation ?? 0}"`;
}

/**
 * Replaces the contents of an environment, if it is still the one that was read; with `ifMatch`, also only if its
 * spec is still the one that this ETag stands for.
 * @throws Problem 404 when the environment is gone, 412 when it is another one, 422 when the contents cannot be
 * mounted or the API server refuses them.
 */
export async function replaceContents(
  environment: RuntimeEnvironment,
  { contents, ifMatch }: z.infer<typeof contentsBody> & { ifMatch?: string },
  { client, contents: known }: { client: RestClient; contents: ContentReader },
): Promise<RuntimeEnvironment> {
  const { metadata } = environment;
  const { faults } = selectContents(contents, metadata.namespace, known);
  const wrong = faults?.filter(({ isPassing }) => !isPassing);
  if (wrong?.length) throw unselectable(wrong);
  if (ifMatch !== undefined && ifMatch !== etagOf(environment)) throw changed(environment);
  const test: JsonPatchOperation[] = [{ op: "test", path: "/metadata/uid", value: metadata.uid }];
  if (ifMatch !== undefined)
    test.push({ op: "test", path: "/metadata/generation", value: metadata.generation });
  try {
    return await client.patch(RuntimeEnvironment, metadata, [
      ...test,
      { op: "add", path: "/spec/contents", value: contents },
    ]);
  } catch (error) {
    throw refusalOf(error, environment, ifMatch !== undefined);
  }
}

function refusalOf(error: unknown, environment: RuntimeEnvironment, isConditional: boolean): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.isPatchRefused && isConditional) return changed(environment);
  if (error.isNotFound || error.isPatchRefused)
    return notFound(`no environment is named "${environment.metadata.name}"`);
  return error.isInvalid ? invalid(error) : error;
}

function changed({ metadata }: RuntimeEnvironment): Problem {
  const detail = `the environment "${metadata.name}" is no longer the one that If-Match names: read it again`;
  return new Problem(412, { type: "precondition-failed", detail });
}

/** What a pool would refuse to mount; a content that is only not ready yet may be named. */
function unselectable(faults: readonly SelectionFault[]): Problem {
  const errors = faults.map(({ message }): FieldError => {
    const [field = "", ...said] = message.split(": ");
    return { path: pointerOf(field), in: "body", message: said.join(": ") };
  });
  return unprocessable(errors.map(({ path, message }) => `${path}: ${message}`).join("; "), errors);
}

/** The API server's own words, at the fields of the body. */
function invalid({ details }: ApiError): Problem {
  const errors = (details?.causes ?? []).map(({ field = "", message = "is refused" }): FieldError => ({
    path: pointerOf(field),
    in: "body",
    message,
  }));
  return unprocessable(errors.map(({ path, message }) => `${path}: ${message}`).join("; "), errors);
}

/** `spec.contents[0].mount` as a JSON pointer into the body. */
function pointerOf(field: string): string {
  return field
    .replace(/^spec\./, "/")
    .replaceAll(".", "/")
    .replaceAll("[", "/")
    .replaceAll("]", "");
}
