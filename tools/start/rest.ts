import { readFile } from "node:fs/promises";
import { UserError } from "@datalayer/devcluster/errors";
import {
  type Claim,
  createRuntimeClient,
  dataOf,
  RefusedError,
  type Runtime,
  type RuntimeClient,
} from "@datalayer/runtime-client/client";
import { environmentOfExample } from "./example.ts";

/** A runtime, as far as the journey needs it. */
export type ClaimedRuntime = Pick<Runtime, "pod_name" | "ingress"> & { token: string };

/** Where the REST API listens, and the file with its key. */
export interface OperatorApi {
  apiUrl: string;
  apiKeyPath: string;
}

/** A client of the operator's REST API. */
export function clientOf({ apiUrl, apiKeyPath }: OperatorApi): RuntimeClient {
  const apiKey = async (): Promise<string> => (await readFile(apiKeyPath, "utf8")).trim();
  return createRuntimeClient({ baseUrl: new URL(apiUrl).origin, apiKey });
}

/**
 * Claims a runtime of the example's environment, and measures how long the answer took.
 * @param fields - further fields of the body.
 */
export async function claimRuntime(
  api: OperatorApi,
  signal: AbortSignal,
  fields: Partial<Claim> = {},
): Promise<{ runtime: ClaimedRuntime; claimMs: number }> {
  const client = clientOf(api);
  // The first request of a process pays for its connection; a caller that runs has one.
  await client.GET("/api/operator/version", { signal });
  const claim = { environment_name: environmentOfExample, user_uid: "quickstart", credits_limit: 100 };
  const startedMs = performance.now();
  const answer = dataOf(client.POST("/api/operator/v1/runtimes", { body: { ...claim, ...fields }, signal }));
  const { runtime } = await answer.catch(explain("The claim"));
  const claimMs = Math.round((performance.now() - startedMs) * 10) / 10;
  const { token } = runtime;
  if (token === null) throw new UserError(`The key of the token of ${runtime.pod_name} is lost.`);
  return { runtime: { ...runtime, token }, claimMs };
}

/** The runtimes of the example's environment that somebody has. */
export async function listRuntimes(api: OperatorApi): Promise<readonly Pick<Runtime, "pod_name">[]> {
  const query = { environment_name: environmentOfExample };
  const list = dataOf(clientOf(api).GET("/api/operator/v1/runtimes", { params: { query } }));
  return (await list.catch(explain("The list of runtimes"))).runtimes;
}

/** Ends a runtime. */
export async function endRuntime(api: OperatorApi, { pod_name }: Pick<Runtime, "pod_name">): Promise<void> {
  const params = { path: { pod_name } };
  const end = dataOf(clientOf(api).DELETE("/api/operator/v1/runtimes/{pod_name}", { params }));
  await end.catch(explain(`Ending ${pod_name}`));
}

/** Refusals are for the reader; other failures are for whoever mends them. */
function explain(what: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof RefusedError ? new UserError(`${what} was refused with ${error.message}`) : error;
  };
}
