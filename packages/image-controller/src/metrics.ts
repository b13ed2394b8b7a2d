import { type ImageStatus, imageReason } from "@datalayer/shared/crds/image";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { RegistryObserver } from "./registry/registry.ts";

/** What is counted of Images. */
export interface ImageMetrics {
  /** A status is to be written: the builds that have ended since the last one count. */
  reported(before: ImageStatus | undefined, after: Pick<ImageStatus, "history"> | undefined): void;
  registryObserver: RegistryObserver;
}

/** Where the gauges read. */
export interface ImageGauges {
  waiting: () => number;
  running: () => number;
}

/** From a build on what is there already to one of a large environment. */
const buckets = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

/** The metrics of Images, on a registry. */
export function imageMetrics(registry: Registry, gauges: ImageGauges): ImageMetrics {
  const registers = [registry];
  const builds = new Counter({
    name: "datalayer_image_builds_total",
    help: "Builds that have ended, by reason: Succeeded, or why not",
    labelNames: ["reason"],
    registers,
  });
  const duration = new Histogram({
    name: "datalayer_image_build_duration_seconds",
    help: "Time that the container of a build ran, by result: succeeded or failed",
    labelNames: ["result"],
    buckets,
    registers,
  });
  const requests = new Counter({
    name: "datalayer_image_registry_requests_total",
    help: "Requests to registries, by method and class of their status, such as 2xx, or failed",
    labelNames: ["method", "outcome"],
    registers,
  });
  gauge("datalayer_image_builds_waiting", "Builds that wait for their turn", gauges.waiting);
  gauge("datalayer_image_builds_running", "Builds that are under way", gauges.running);
  return {
    reported: (before, after) => {
      const known = new Set(before?.history?.map(({ job }) => job));
      for (const { job, reason, startedAt, finishedAt } of after?.history ?? []) {
        if (known.has(job)) continue;
        builds.inc({ reason });
        if (startedAt === undefined || finishedAt === undefined) continue;
        const result = reason === imageReason.succeeded ? "succeeded" : "failed";
        duration.observe({ result }, (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
      }
    },
    registryObserver: { asked: (method, outcome) => requests.inc({ method, outcome }) },
  };

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
}
