import { Counter, Gauge, type Registry } from "prom-client";

/** What passes the gateway. */
export interface GatewayMetrics {
  /** By status: 101 is a WebSocket that was opened. */
  answers: Counter<"code">;
  /** Requests that a runtime did not answer, by the status that the client got instead. */
  failures: Counter<"code">;
  webSockets: Gauge;
}

/** Registers the metrics of the gateway. */
export function gatewayMetrics(registry: Registry): GatewayMetrics {
  const registers = [registry];
  return {
    answers: new Counter({
      name: "datalayer_gateway_answers_total",
      help: "Answers of runtimes that were passed on, by status; 101 for opened WebSockets",
      labelNames: ["code"],
      registers,
    }),
    failures: new Counter({
      name: "datalayer_gateway_failures_total",
      help: "Requests that the gateway answered itself, by status, or 0 for answers that broke off",
      labelNames: ["code"],
      registers,
    }),
    webSockets: new Gauge({
      name: "datalayer_gateway_websockets",
      help: "Open WebSockets",
      registers,
    }),
  };
}
