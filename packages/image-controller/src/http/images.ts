import type { Image } from "@datalayer/shared/crds/image";
import type { App } from "@datalayer/shared/http/app";
import { pageAnswer, pageQuery, type Pages } from "@datalayer/shared/http/pages";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { z } from "zod";
import { noSuchImage } from "./image-problem.ts";
import { envelope, imageDetail, imageParams, imageView, listQuery } from "./schemas.ts";
import { detailOf, viewOf } from "./views.ts";

/** What the routes that read Images work with. */
export interface ImageRoutesOptions {
  images: ObjectReader<Image>;
  pages: Pages;
}

/** Adds the list of Images, and one Image. */
export function serveImages(app: App, prefix: string, { images, pages }: ImageRoutesOptions): void {
  app.get(
    `${prefix}/images`,
    {
      schema: {
        operationId: "listImages",
        summary: "List the Images, and whether they are published",
        tags: ["images"],
        querystring: listQuery.extend(pageQuery),
        response: { 200: z.object({ ...envelope, images: z.array(imageView), ...pageAnswer }) },
      },
    },
    ({ query }) => {
      const { namespace, phase } = query;
      const found = images
        .list(namespace)
        .filter(({ status }) => phase === undefined || status?.phase === phase);
      const list = ["images", namespace, phase];
      const byName = ({ metadata }: Image) => keyOf(metadata);
      const page = pages.of(found, { ...query, list, keyOf: byName });
      return {
        success: true as const,
        message: `${page.items.length} Images`,
        images: page.items.map(viewOf),
        continue: page.continue,
      };
    },
  );

  app.get(
    `${prefix}/images/:namespace/:name`,
    {
      schema: {
        operationId: "getImage",
        summary: "Show an Image, and explain it",
        description: "Says in plain language what happens to it, and why it is not ready.",
        tags: ["images"],
        params: imageParams,
        response: { 200: z.object({ ...envelope, image: imageDetail }) },
      },
    },
    ({ params }) => {
      const image = images.get(params);
      if (!image) throw noSuchImage(params);
      const detail = detailOf(image);
      return { success: true as const, message: detail.explanation.readiness, image: detail };
    },
  );
}
