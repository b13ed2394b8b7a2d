import { Image } from "@datalayer/shared/crds/image";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { wish } from "./names.ts";

/** What is wished for; null takes a wish back, and what is left out stays. */
export type Wishes = Partial<Record<keyof typeof wish, string | null>>;

const mostAttempts = 5;

/**
 * Writes wishes on an Image. They are decided on what the API server has, and written only if that has not changed
 * meanwhile; otherwise they are decided anew.
 * @param decide - answers with undefined when there is nothing to write; what it throws is passed on.
 * @returns the Image as it is then; undefined when there is none of this name.
 */
export async function makeWishes(
  client: RestClient,
  ref: ObjectRef,
  decide: (image: Image) => Wishes | undefined,
): Promise<Image | undefined> {
  try {
    for (let attempt = 1; ; attempt++) {
      const image = await client.get(Image, ref);
      const wishes = decide(image);
      if (!wishes) return image;
      const written = await writeUnlessChanged(client, image, wishes, attempt < mostAttempts);
      if (written) return written;
    }
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

async function writeUnlessChanged(
  client: RestClient,
  image: Image,
  wishes: Wishes,
  mayTryAgain: boolean,
): Promise<Image | undefined> {
  try {
    return await client.patch(Image, image.metadata, patchOf(image, wishes));
  } catch (error) {
    if (mayTryAgain && error instanceof ApiError && error.isPatchRefused) return undefined;
    throw error;
  }
}

/** The resourceVersion stays out of it: the status changes all the time, and does not matter here. */
function patchOf({ metadata }: Image, wishes: Wishes): JsonPatchOperation[] {
  const { uid, annotations } = metadata;
  const operations: JsonPatchOperation[] = [{ op: "test", path: "/metadata/uid", value: uid }];
  if (!annotations) {
    operations.push({ op: "test", path: "/metadata/annotations", value: null });
    operations.push({ op: "add", path: "/metadata/annotations", value: {} });
  }
  for (const [name, value] of Object.entries(wishes) as [keyof typeof wish, string | null][]) {
    const path = pointer("metadata", "annotations", wish[name]);
    const before = annotations?.[wish[name]] ?? null;
    operations.push({ op: "test", path, value: before });
    if (value !== null) operations.push({ op: "add", path, value });
    else if (before !== null) operations.push({ op: "remove", path });
  }
  return operations;
}
