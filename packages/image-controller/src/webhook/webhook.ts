import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import type { Image } from "@datalayer/shared/crds/image";
import type { App } from "@datalayer/shared/http/app";
import { Problem } from "@datalayer/shared/http/problem";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { envelope, imageParams } from "../http/schemas.ts";
import { wish } from "../image/names.ts";
import { makeWishes, type Wishes } from "../image/wishes.ts";
import { carriesSignature, isSigned } from "./signature.ts";
import { WebhookTokens } from "./webhook-tokens.ts";

/** What the webhook works with. */
export interface WebhookOptions {
  client: RestClient;
  images: ObjectReader<Image>;
  clock?: Clock;
}

/** Larger calls are of pushes of thousands of commits; polling finds these. */
const longestBodyBytes = 1024 * 1024;

/**
 * Adds the webhook that has the source of an Image looked at now. It needs no key, as those who call it have none: the
 * call is signed with the token of the Image. Nothing of its body is read, but what was signed.
 */
export function serveWebhook(app: App, prefix: string, options: WebhookOptions): void {
  const { client, clock = systemClock } = options;
  const tokens = new WebhookTokens(client, clock);
  void app.register((scope: App, _options, done) => {
    // The signature is of the bytes, whatever they are.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
    scope.post(
      `${prefix}/webhooks/git/:namespace/:name`,
      {
        bodyLimit: longestBodyBytes,
        config: { public: true },
        schema: {
          operationId: "gitWebhook",
          summary: "Have the source of an Image looked at",
          description:
            "For the webhooks of GitHub (X-Hub-Signature-256) and GitLab (X-Gitlab-Token), with the token of the Secret that spec.triggers.webhookSecretRef names.",
          tags: ["images"],
          security: [],
          params: imageParams,
          response: { 202: z.object(envelope) },
          problems: [401],
        },
      },
      async (request, reply) => {
        const { params } = request;
        const image = options.images.get(params);
        const token = image && carriesSignature(request.headers) ? await tokens.of(image) : undefined;
        // The same answer whatever is wrong: it tells nobody which Images there are.
        if (token === undefined || !isSigned({ headers: request.headers, body: bytesOf(request) }, token))
          throw unsigned();
        await makeWishes(client, params, (found) => lookAgain(found, clock.now()));
        const message = `The source of Image ${params.name} will be looked at.`;
        return reply.code(202).send({ success: true as const, message });
      },
    );
    done();
  });
}

function bytesOf({ body }: Pick<FastifyRequest, "body">): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

function unsigned(): Problem {
  return new Problem(401, { detail: "Sign the call with the token of the Image." });
}

/** Each call brings a look of its own: the one that runs may have passed before the push that this one tells of. */
function lookAgain({ metadata }: Image, nowMs: number): Wishes | undefined {
  const lookAfter = new Date(nowMs).toISOString();
  const isKnown = metadata.annotations?.[wish.lookAfter] === lookAfter;
  return isKnown || metadata.deletionTimestamp !== undefined ? undefined : { lookAfter };
}
