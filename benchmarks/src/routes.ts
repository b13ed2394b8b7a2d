import { availableParallelism, loadavg } from "node:os";
import type { BenchContext } from "./claims.ts";
import { round } from "./measure/summary.ts";
import { benchGateway } from "./routes-gateway.ts";
import { benchRuntimes } from "./routes-runtimes.ts";
import { benchServing } from "./routes-serving.ts";
import { benchVerifier } from "./routes-verifier.ts";
import { type RouteStage, withRouteStage } from "./setup/route-stage.ts";

/** What is measured, one after the other on one cluster; each answers with keys of its own. */
const parts: readonly ((stage: RouteStage) => Promise<Record<string, unknown>>)[] = [
  benchVerifier,
  benchGateway,
  benchRuntimes,
  benchServing,
];

/** Measures Routes on a control plane and a Traefik of its own. */
export async function benchRoutes(context: BenchContext): Promise<Record<string, unknown>> {
  return withRouteStage(context, async (stage) => {
    const figures: Record<string, unknown> = {};
    for (const part of parts) Object.assign(figures, await part(stage));
    return { ...figures, cores: availableParallelism(), load: loadavg().map(round) };
  });
}
