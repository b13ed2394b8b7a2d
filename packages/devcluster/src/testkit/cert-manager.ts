import {
  certManagerComponent,
  certManagerDefinitionsStep,
  certManagerStep,
} from "../cert-manager/cert-manager.ts";
import { startCluster } from "../cluster/cluster.ts";
import { createDefinitions } from "../manifests/definitions.ts";
import { afterFile } from "./cluster.ts";
import { testProvisioner } from "./test-provisioner.ts";

/** Has the cluster serve the kinds of cert-manager. */
export async function installCertManagerKinds(kubeconfigPath: string): Promise<void> {
  const { paths } = await testProvisioner().provide(await certManagerDefinitionsStep());
  await createDefinitions(kubeconfigPath, paths.definitions);
}

/** The program of cert-manager. The first call on a machine builds it, for minutes: no test should have to wait for that. */
export async function provideCertManager(): Promise<string> {
  return (await testProvisioner().provide(await certManagerStep())).paths["cert-manager"];
}

/** Starts cert-manager, whose kinds have to be there. It ends after the test file. */
export async function startCertManager(program: string, kubeconfigPath: string): Promise<void> {
  // A cluster in name only: its process ends with this one, however this one ends.
  const cluster = await startCluster({ nodes: "none", attach: { kubeconfigPath } });
  afterFile(() => cluster.down());
  await cluster.start(certManagerComponent(program, kubeconfigPath));
}
