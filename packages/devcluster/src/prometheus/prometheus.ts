import { debianPackages } from "../provision/debian.ts";
import type { ProvisionStep } from "../provision/step.ts";

/** The step that provides Prometheus, and `promtool`, which tests its rules. */
export function prometheusStep(): Promise<ProvisionStep<"prometheus" | "promtool">> {
  return debianPackages({
    name: "prometheus",
    packages: ["prometheus"],
    provides: { prometheus: "usr/bin/prometheus", promtool: "usr/bin/promtool" },
  });
}
