import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { UserError } from "@datalayer/devcluster/errors";

/** A runtime as the REST API answers it, as far as the journey needs it. */
export interface ClaimedRuntime {
  pod_name: string;
  token: string;
  ingress: string;
}

/** Where the REST API listens, and the file with its key. */
export interface OperatorApi {
  apiUrl: string;
  apiKeyPath: string;
}

/**
 * Claims a runtime of the example's environment, and measures how long the answer took.
 * @param fields - further fields of the body.
 */
export async function claimRuntime(
  { apiUrl, apiKeyPath }: OperatorApi,
  signal: AbortSignal,
  fields: object = {},
): Promise<{ runtime: ClaimedRuntime; claimMs: number }> {
  const apiKey = (await readFile(apiKeyPath, "utf8")).trim();
  // The first request of a process pays for its connection; a caller that runs has one.
  await fetch(`${apiUrl}/version`, { signal });
  const startedMs = performance.now();
  const response = await fetch(`${apiUrl}/v1/runtimes`, {
    method: "POST",
    headers: { "x-api-key": apiKey, "content-type": "application/json", "idempotency-key": randomUUID() },
    body: JSON.stringify({
      environment_name: "python-simple-env",
      user_uid: "quickstart",
      credits_limit: 100,
      ...fields,
    }),
    signal,
  });
  const answer = (await response.json()) as { runtime?: ClaimedRuntime; message: string };
  const claimMs = Math.round((performance.now() - startedMs) * 10) / 10;
  if (!answer.runtime)
    throw new UserError(`The claim was refused with ${response.status}: ${answer.message}`);
  return { runtime: answer.runtime, claimMs };
}

/** Ends a runtime. */
export async function endRuntime(
  { apiUrl, apiKeyPath }: OperatorApi,
  { pod_name }: ClaimedRuntime,
): Promise<void> {
  const headers = { "x-api-key": (await readFile(apiKeyPath, "utf8")).trim() };
  const response = await fetch(`${apiUrl}/v1/runtimes/${pod_name}`, { method: "DELETE", headers });
  if (!response.ok) throw new UserError(`Ending ${pod_name} was refused with ${response.status}`);
}
