import { prometheusStep } from "../prometheus/prometheus.ts";
import { testProvisioner } from "./test-provisioner.ts";

/** The paths of Prometheus and promtool, unpacked if they are not in the cache. */
export async function providePrometheus(): Promise<{ prometheus: string; promtool: string }> {
  const { paths } = await testProvisioner().provide(await prometheusStep());
  return paths;
}
