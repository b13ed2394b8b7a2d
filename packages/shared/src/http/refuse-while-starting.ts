import type { onRequestHookHandler } from "fastify";
import { unavailable } from "./problem.ts";

/**
 * Answers 503 to what is below a path until the caches are filled: what is not listed yet would look as if it did not
 * exist, and a key of a claim as if it were new.
 */
export function refuseWhileStarting(path: string, hasSynced: () => boolean): onRequestHookHandler {
  return (request, _reply, done) => {
    if (!request.url.startsWith(path) || hasSynced()) done();
    else
      done(
        unavailable({ detail: "The caches are not filled yet.", reason: "starting", retryAfterSeconds: 1 }),
      );
  };
}
