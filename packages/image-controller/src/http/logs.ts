import { Readable } from "node:stream";
import type { Image } from "@datalayer/shared/crds/image";
import type { App } from "@datalayer/shared/http/app";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { z } from "zod";
import type { Attempt } from "../logs/attempt.ts";
import { type BuildSecretNames, maskFor } from "../logs/log-secrets.ts";
import { openLog } from "../logs/open-log.ts";
import { noSuchImage, noSuchLog } from "./image-problem.ts";
import { imageParams, logQuery } from "./schemas.ts";

/** Sent as it arrives; nothing of it is held back to be checked. */
const text = z.custom<Readable>().meta({ type: "string" });

/** What the route of logs works with. */
export interface LogRoutesOptions {
  client: RestClient;
  images: ObjectReader<Image>;
  /** Secrets whose content is kept out of logs, beside those that Images name. */
  buildSecrets: BuildSecretNames;
}

/** Adds the logs of builds. */
export function serveLogs(
  app: App,
  prefix: string,
  { client, images, buildSecrets }: LogRoutesOptions,
): void {
  const closing = new AbortController();
  // Before the server stops to listen: who follows a build would hold it up.
  app.addHook("preClose", (done) => {
    closing.abort();
    done();
  });
  app.get(
    `${prefix}/images/:namespace/:name/logs`,
    {
      schema: {
        operationId: "getBuildLog",
        summary: "Read the log of a build",
        description:
          "As it is written, with `follow`; without secrets. After the build it stays as long as spec.history says.",
        tags: ["images"],
        params: imageParams,
        querystring: logQuery,
        response: { 200: { description: "The log.", content: { "text/plain": { schema: text } } } },
      },
    },
    async ({ params, query }, reply) => {
      const image = images.get(params);
      if (!image) throw noSuchImage(params);
      const attempt = attemptOf(image, query.attempt);
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const signal = AbortSignal.any([gone.signal, closing.signal]);
      const mask = await maskFor(image, client, buildSecrets);
      const log = await openLog(attempt, { client, mask, follow: query.follow, signal });
      if (!log)
        throw noSuchLog(`There is no log of ${attempt.name}: it has said nothing yet, or it is not kept.`);
      return reply.type("text/plain; charset=utf-8").send(Readable.from(log, { objectMode: false }));
    },
  );
}

function attemptOf(image: Image, name: string | undefined): Attempt {
  const newest = name ?? image.status?.build?.job ?? image.status?.history?.[0]?.job;
  if (newest === undefined) throw noSuchLog(`Image ${image.metadata.name} has not been built yet.`);
  return { image, name: newest };
}
