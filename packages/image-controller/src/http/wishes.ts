import { randomUUID } from "node:crypto";
import type { Image } from "@datalayer/shared/crds/image";
import type { App } from "@datalayer/shared/http/app";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { z } from "zod";
import { cancellableHash } from "../image/cancellation.ts";
import { wish } from "../image/names.ts";
import { makeWishes, type Wishes } from "../image/wishes.ts";
import { noSuchImage, notPossibleNow } from "./image-problem.ts";
import { buildQuery, envelope, imageDetail, imageParams } from "./schemas.ts";
import { detailOf } from "./views.ts";

/** What the routes that ask for something to be done work with. */
export interface WishRoutesOptions {
  client: RestClient;
  images: ObjectReader<Image>;
}

const answer = z.object({ ...envelope, image: imageDetail });

/** Adds "build now" and "cancel". They write a wish on the Image; the controller that leads grants it. */
export function serveWishes(app: App, prefix: string, options: WishRoutesOptions): void {
  app.post(
    `${prefix}/images/:namespace/:name/build`,
    {
      schema: {
        operationId: "buildImage",
        summary: "Build an Image now",
        description:
          "Builds it also when nothing has changed, and when the build of these inputs was cancelled.",
        tags: ["images"],
        params: imageParams,
        querystring: buildQuery,
        response: { 202: answer },
        problems: [409],
      },
    },
    async ({ params, query }, reply) => {
      const { nonce = randomUUID() } = query;
      const image = await wished(params, options, (found) => buildNow(found, nonce));
      const message = `Image ${params.name} will be built.`;
      return reply.code(202).send({ success: true as const, message, image: detailOf(image) });
    },
  );

  app.post(
    `${prefix}/images/:namespace/:name/cancel`,
    {
      schema: {
        operationId: "cancelBuild",
        summary: "Cancel the build that waits or runs",
        description:
          "The same inputs are not built again, until the image is built now or its inputs change.",
        tags: ["images"],
        params: imageParams,
        response: { 202: answer },
        problems: [409],
      },
    },
    async ({ params }, reply) => {
      const image = await wished(params, options, cancelBuild);
      const message = `The build of Image ${params.name} will be ended.`;
      return reply.code(202).send({ success: true as const, message, image: detailOf(image) });
    },
  );
}

async function wished(
  ref: ObjectRef,
  { client, images }: WishRoutesOptions,
  decide: (image: Image) => Wishes | undefined,
): Promise<Image> {
  // What this controller does not watch, it does not build.
  const image = images.get(ref) && (await makeWishes(client, ref, decide));
  if (!image) throw noSuchImage(ref);
  images.recordWrite(image);
  return image;
}

function buildNow({ metadata, spec }: Image, nonce: string): Wishes | undefined {
  if (metadata.deletionTimestamp !== undefined)
    throw notPossibleNow("image-not-buildable", `Image ${metadata.name} is being deleted.`);
  if (spec.policy?.suspend)
    throw notPossibleNow(
      "image-not-buildable",
      `Image ${metadata.name} is suspended by spec.policy.suspend.`,
    );
  return metadata.annotations?.[wish.nonce] === nonce ? undefined : { nonce, cancelled: null };
}

function cancelBuild(image: Image): Wishes | undefined {
  const hash = cancellableHash(image);
  const { name, annotations } = image.metadata;
  if (hash === undefined)
    throw notPossibleNow("nothing-to-cancel", `No build of Image ${name} waits or runs that could be ended.`);
  return annotations?.[wish.cancelled] === hash ? undefined : { cancelled: hash };
}
