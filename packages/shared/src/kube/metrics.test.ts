import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { informerMetrics, restMetrics } from "./metrics.ts";

const labels = { kind: "Pod", namespace: "team" };

describe("the metrics of the REST client", () => {
  it("have the names and labels of client-go", async () => {
    const registry = new Registry();
    const metrics = restMetrics(registry);
    metrics.observe({ code: "200", method: "PATCH", host: "api:6443", durationMs: 3 });
    metrics.observe({ code: "<error>", method: "GET", host: "api:6443", durationMs: 3 });
    metrics.retried({ verb: "get", host: "api:6443" });
    const text = await registry.metrics();
    expect(text).toContain('rest_client_requests_total{code="200",method="PATCH",host="api:6443"} 1');
    expect(text).toContain('rest_client_requests_total{code="<error>",method="GET",host="api:6443"} 1');
    expect(text).toContain(
      'rest_client_request_duration_seconds_bucket{le="0.005",verb="PATCH",host="api:6443"} 1',
    );
    expect(text).toContain(
      'rest_client_request_duration_seconds_bucket{le="0.0025",verb="PATCH",host="api:6443"} 0',
    );
    expect(text).toContain('rest_client_request_retries_total{verb="get",host="api:6443"} 1');
  });
});

describe("the metrics of informers", () => {
  it("are read at each scrape", async () => {
    const registry = new Registry();
    const informer = { resourceVersion: "12", lastEventAgeMs: 1500 };
    informerMetrics(registry).track(labels, informer);
    expect(await registry.metrics()).toContain('informer_resource_version{kind="Pod",namespace="team"} 12');
    informer.resourceVersion = "13";
    const text = await registry.metrics();
    expect(text).toContain('informer_resource_version{kind="Pod",namespace="team"} 13');
    expect(text).toContain('informer_last_event_age_seconds{kind="Pod",namespace="team"} 1.5');
  });

  it("count relists, broken watches by cause, and failing handlers", async () => {
    const registry = new Registry();
    const metrics = informerMetrics(registry);
    metrics.relisted(labels);
    metrics.disconnected(labels, "garbled");
    metrics.handlerFailed(labels);
    const text = await registry.metrics();
    expect(text).toContain('informer_relists_total{kind="Pod",namespace="team"} 1');
    expect(text).toContain('informer_watch_disconnects_total{kind="Pod",namespace="team",cause="garbled"} 1');
    expect(text).toContain('informer_handler_errors_total{kind="Pod",namespace="team"} 1');
  });
});
