import { CloudError, type CloudFailureReason } from "../executor.ts";
import { retryAfterMsOf, shortened } from "./error-text.ts";

/** The parts of an error of the SDK that tell what happened. */
interface AwsError {
  name?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
  $retryable?: { throttling?: boolean };
  $response?: { headers?: Record<string, string | undefined> };
}

const throttled = /throttl|RequestLimitExceeded|TooManyRequests|SlowDown|BandwidthLimitExceeded/i;
const credentials =
  /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AccessDenied|Unauthorized|AuthFailure|RequestExpired|MissingAuthenticationToken|IncompleteSignature|CredentialsProvider/;
/** Something else changes the group at this moment. */
const changing = /ScalingActivityInProgress|ResourceContention|ResourceInUse/;

/** Reads what the SDK threw. */
export function awsErrorOf(error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  const { name = "Error", message = "", $response } = error as AwsError;
  const retryAfterMs = retryAfterMsOf($response?.headers?.["retry-after"]);
  return new CloudError(reasonOf(error as AwsError), `AWS: ${name}: ${shortened(message)}`, {
    retryAfterMs,
    cause: error,
  });
}

function reasonOf(error: AwsError): CloudFailureReason {
  const { name = "", $metadata: { httpStatusCode: status = 0 } = {} } = error;
  if (isThrottled(error, status)) return "CloudThrottled";
  if (credentials.test(name) || [401, 403].includes(status)) return "CredentialsRefused";
  if (changing.test(name)) return "GroupChanged";
  return Math.floor(status / 100) === 4 ? "CloudRefused" : "CloudUnclear";
}

function isThrottled({ name = "", $retryable }: AwsError, status: number): boolean {
  return status === 429 || $retryable?.throttling === true || throttled.test(name);
}
