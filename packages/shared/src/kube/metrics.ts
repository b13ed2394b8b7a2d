import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Counts the requests to the API server; names and labels as client-go's. */
export interface RestMetrics {
  /** One HTTP answer, or `<error>` as the code where there was none. */
  observe(request: { code: string; method: string; host: string; durationMs: number }): void;
  /** A request is about to be sent again. */
  retried(request: { verb: string; host: string }): void;
}

/** Client-go's buckets, with finer ones below 5 ms: a claim is one call. */
const LATENCY_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60,
];

/** Registers the `rest_client_*` metrics. */
export function restMetrics(registry: Registry): RestMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Number of HTTP requests, by status code, method, and host.",
    labelNames: ["code", "method", "host"] as const,
    registers,
  });
  const duration = new Histogram({
    name: "rest_client_request_duration_seconds",
    help: "Request latency in seconds, by verb and host. Of a watch: until it is open.",
    labelNames: ["verb", "host"] as const,
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  const retries = new Counter({
    name: "rest_client_request_retries_total",
    help: "Number of request retries, by verb and host.",
    labelNames: ["verb", "host"] as const,
    registers,
  });
  return {
    observe: ({ code, method, host, durationMs }) => {
      requests.inc({ code, method, host });
      duration.observe({ verb: method, host }, durationMs / 1000);
    },
    retried: (labels) => retries.inc(labels),
  };
}

/** What the metrics read from an informer when they are scraped. */
export interface ObservedInformer {
  readonly resourceVersion: string;
  readonly lastEventAgeMs: number;
}

/** Whose metrics: the labels of an informer. */
export interface InformerLabels {
  kind: string;
  /** Empty for all namespaces. */
  namespace: string;
}

/** Shows how fresh the caches are. */
export interface InformerMetrics {
  /** Reports on an informer at every scrape from now on. */
  track(labels: InformerLabels, informer: ObservedInformer): void;
  relisted(labels: InformerLabels): void;
  /** A watch ended in another way than the server's own time-out. */
  disconnected(labels: InformerLabels, cause: string): void;
  handlerFailed(labels: InformerLabels): void;
}

/** Registers the `informer_*` metrics. */
export function informerMetrics(registry: Registry): InformerMetrics {
  const informers = new Map<ObservedInformer, InformerLabels>();
  const registers = [registry];
  const labelNames = ["kind", "namespace"] as const;
  const gauge = (name: string, help: string, read: (informer: ObservedInformer) => number): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect(): void {
        for (const [informer, labels] of informers) this.set(labels, read(informer));
      },
    });
  };
  gauge("informer_resource_version", "The resourceVersion that the cache has reached.", (informer) =>
    Number(informer.resourceVersion),
  );
  gauge(
    "informer_last_event_age_seconds",
    "Time since the last event, bookmark or list of the cache.",
    (informer) => informer.lastEventAgeMs / 1000,
  );
  const counter = <Label extends string>(
    name: string,
    help: string,
    more: readonly Label[],
  ): Counter<Label | "kind" | "namespace"> =>
    new Counter({ name, help, labelNames: [...labelNames, ...more], registers });
  const relists = counter(
    "informer_relists_total",
    "Lists after the first one, because a watch had expired.",
    [],
  );
  const disconnects = counter("informer_watch_disconnects_total", "Watches that broke, by cause.", ["cause"]);
  const failures = counter("informer_handler_errors_total", "Change handlers that threw.", []);
  return {
    track: (labels, informer) => void informers.set(informer, labels),
    relisted: (labels) => relists.inc({ ...labels }),
    disconnected: (labels, cause) => disconnects.inc({ ...labels, cause }),
    handlerFailed: (labels) => failures.inc({ ...labels }),
  };
}
