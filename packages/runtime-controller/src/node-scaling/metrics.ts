import { Counter, Gauge, type Registry } from "prom-client";

/** What is measured of scaling; only the replica that leads has figures. */
export interface ScalingMetrics {
  /** Machines, by how far they are: ready, coming, emptying, lost. */
  nodes: Gauge<"state">;
  desired: Gauge;
  pressure: Gauge;
  /** 1 for the reason of the condition. */
  condition: Gauge<"status" | "reason">;
  commands: Counter<"operation" | "result">;
  calls: Counter<"call" | "result">;
}

/** The metrics of scaling, on a registry. */
export function scalingMetrics(registry: Registry): ScalingMetrics {
  const registers = [registry];
  return {
    nodes: new Gauge({
      name: "datalayer_scaling_nodes",
      help: "Machines of the group, by state: ready, coming, emptying, lost",
      labelNames: ["state"],
      registers,
    }),
    desired: new Gauge({
      name: "datalayer_scaling_desired_nodes",
      help: "Size of the group that its cloud was asked for",
      registers,
    }),
    pressure: new Gauge({
      name: "datalayer_scaling_pressure",
      help: "Runtimes that wait for a node, and one more where the headroom is short",
      registers,
    }),
    condition: new Gauge({
      name: "datalayer_scaling_condition",
      help: "1 for the condition of scaling as it is now; status False is trouble",
      labelNames: ["status", "reason"],
      registers,
    }),
    commands: new Counter({
      name: "datalayer_scaling_commands_total",
      help: "Commands that have ended, by operation and result: succeeded, failed, cancelled, dry_run",
      labelNames: ["operation", "result"],
      registers,
    }),
    calls: new Counter({
      name: "datalayer_scaling_cloud_calls_total",
      help: "Calls of the cloud, by call (describe, raise, remove) and result: ok, or the reason of the failure",
      labelNames: ["call", "result"],
      registers,
    }),
  };
}
