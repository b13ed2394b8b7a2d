import { CloudError, type CloudFailureReason } from "../executor.ts";
import { retryAfterMsOf, shortened } from "./error-text.ts";

/** The parts of an error of the SDK that tell what happened. */
interface AzureError {
  name?: string;
  message?: string;
  code?: string;
  statusCode?: number;
  response?: { headers?: { get(name: string): string | undefined } };
}

const credentialErrors = /Authentication|CredentialUnavailable/;
/** Conflicts that no repetition solves: a quota, or a lock of the administrator. */
const refusals = /Quota|OperationNotAllowed|ScopeLocked|SkuNotAvailable/;

const reasons: ReadonlyMap<number, CloudFailureReason> = new Map([
  [401, "CredentialsRefused"],
  [403, "CredentialsRefused"],
  [409, "GroupChanged"],
  [412, "GroupChanged"],
  [429, "CloudThrottled"],
]);

/** Reads what the SDK threw. */
export function azureErrorOf(error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  const { name = "Error", message = "", code, response } = error as AzureError;
  return new CloudError(reasonOf(error as AzureError), `Azure: ${code ?? name}: ${shortened(message)}`, {
    retryAfterMs: retryAfterMsOf(response?.headers?.get("retry-after")),
    cause: error,
  });
}

function reasonOf({ name = "", code = "", statusCode = 0 }: AzureError): CloudFailureReason {
  if (credentialErrors.test(name)) return "CredentialsRefused";
  if (statusCode === 409 && refusals.test(code)) return "CloudRefused";
  return reasons.get(statusCode) ?? (statusCode >= 400 && statusCode < 500 ? "CloudRefused" : "CloudUnclear");
}
