import { isWrite, type RequestInfo, type Verb } from "./request-info.ts";

/** One request as the proxy saw it. Times are `performance.now()` of the proxy's process, in milliseconds. */
export interface ProxiedRequest extends RequestInfo {
  /** Name of the client whose port it came through. */
  readonly client: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly contentType: string | undefined;
  readonly userAgent: string | undefined;
  /** Text of the body; set for writes that have one. */
  readonly body: string | undefined;
  readonly startedAtMs: number;
  /** When the request was passed to the API server; missing if it never was. */
  forwardedAtMs?: number;
  /** What the API server answered: the truth about a write whose reply was lost. */
  upstreamStatus?: number;
  /** What the client was answered; missing when it saw no answer. */
  status?: number;
  /** When the last byte was answered or the connection ended; missing while the request is open. */
  endedAtMs?: number;
  /** Kinds of the faults that struck it, joined by "+". */
  fault?: string;
  /** Why the exchange broke, when it did. */
  error?: string;
}

/** Selects requests; what is left out matches everything. */
export interface RequestFilter {
  client?: string;
  verb?: Verb | readonly Verb[];
  /** Plural name, with the subresource as in "pods/status"; "pods" alone does not match "pods/status". */
  resource?: string | readonly string[];
  namespace?: string;
  /** Name of the object; for a create the one in the body. */
  name?: string;
  /** Any further condition, for example on the body. */
  where?: (request: ProxiedRequest) => boolean;
}

/** Selects from the log. */
export interface LogFilter extends RequestFilter {
  /** Only requests that reached the proxy at this time or later (`performance.now()`). */
  sinceMs?: number;
  /** Leaves out these resources, as "leases". */
  exceptResource?: string | readonly string[];
}

/** Whether the request meets every condition of the filter. */
export function matches(filter: RequestFilter, request: ProxiedRequest): boolean {
  return (
    isOneOf(filter.client, request.client) &&
    isOneOf(filter.verb, request.verb) &&
    isOneOf(filter.resource, request.resource) &&
    isOneOf(filter.namespace, request.namespace) &&
    isOneOf(filter.name, request.name) &&
    (filter.where === undefined || filter.where(request))
  );
}

function isOneOf(wanted: string | readonly string[] | undefined, actual: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (typeof wanted === "string") return wanted === actual;
  return actual !== undefined && wanted.includes(actual);
}

/**
 * Every request in the order of arrival. It is the oracle of fault tests: "no write after the renew deadline",
 * "no write in a steady state", "one write per claim".
 */
export class RequestLog extends Array<ProxiedRequest> {
  /** Derived arrays (map, filter) are plain ones. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** The requests that match. */
  select(filter: LogFilter = {}): ProxiedRequest[] {
    return this.filter((request) => isSelected(filter, request));
  }

  /** The matching requests that change the cluster, refused and lost ones included. */
  writes(filter: LogFilter = {}): ProxiedRequest[] {
    return this.select(filter).filter((request) => isWrite(request.verb));
  }

  /** The matching writes that the API server accepted, whatever the client was told. */
  commits(filter: LogFilter = {}): ProxiedRequest[] {
    return this.writes(filter).filter(
      ({ upstreamStatus }) => upstreamStatus !== undefined && upstreamStatus < 300,
    );
  }

  /** Forgets what was logged so far. */
  clear(): void {
    this.length = 0;
  }
}

function isSelected(filter: LogFilter, request: ProxiedRequest): boolean {
  const { sinceMs = 0, exceptResource } = filter;
  if (request.startedAtMs < sinceMs || !matches(filter, request)) return false;
  return exceptResource === undefined || !isOneOf(exceptResource, request.resource);
}
