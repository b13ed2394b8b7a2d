import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import { CommandError, messageOf } from "../command/command-error.ts";

/** The cluster as messages name it. */
export interface ClusterName {
  /** Undefined in a Pod. */
  readonly context: string | undefined;
  readonly server: string;
}

/** The failure of a call in words that tell what to do; what is no failure of a call is left as it is. */
export function explainFailure(error: unknown, cluster: ClusterName): unknown {
  if (error instanceof TransportError) return noAnswer(error, cluster);
  if (error instanceof ApiError) return refusal(error, cluster);
  return error;
}

function noAnswer(error: TransportError, cluster: ClusterName): CommandError {
  if (error.failure === "credentials") {
    return new CommandError(`no credentials for ${nameOf(cluster)}: ${innermost(error)}`, {
      next: ["sign in to the cluster again, in the way of its provider"],
      cause: error,
    });
  }
  return new CommandError(`cannot reach the API server of ${nameOf(cluster)}: ${innermost(error)}`, {
    next: [
      `kubectl cluster-info${flagOf(cluster)}   # is it up, and reachable from here?`,
      "kubectl config get-contexts   # another cluster is chosen with --context",
    ],
    cause: error,
  });
}

function refusal(error: ApiError, cluster: ClusterName): CommandError {
  if (error.isUnauthorized) {
    return new CommandError(`the API server of ${nameOf(cluster)} does not accept the credentials`, {
      next: ["sign in to the cluster again, in the way of its provider"],
      cause: error,
    });
  }
  if (error.isForbidden) {
    return new CommandError(`not allowed on ${nameOf(cluster)}: ${error.message}`, {
      next: [
        `plane check --pre${flagOf(cluster)}   # lists the rights that are missing`,
        "ask who administers the cluster for them, or use another --context",
      ],
      cause: error,
    });
  }
  return new CommandError(`${nameOf(cluster)}: ${error.message}`, { cause: error });
}

/** `context "prod" (https://10.0.0.1:6443)`. */
export function nameOf({ context, server }: ClusterName): string {
  return context === undefined ? `the cluster at ${server}` : `context "${context}" (${server})`;
}

function flagOf({ context }: ClusterName): string {
  return context === undefined ? "" : ` --context ${context}`;
}

/** Wrappers say again where the call went; what happened is said at the bottom. */
function innermost(error: Error): string {
  let current: Error = error;
  while (current.cause instanceof Error) current = current.cause;
  if (current instanceof AggregateError) return current.errors.map(messageOf).join("; ");
  return messageOf(current);
}
