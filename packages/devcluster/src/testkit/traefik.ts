import { startCluster } from "../cluster/cluster.ts";
import { createDefinitions } from "../manifests/definitions.ts";
import { gatewayApiDefinitionsStep, traefikDefinitionsStep } from "../traefik/definitions.ts";
import { provideTraefik, traefikComponent } from "../traefik/traefik.ts";
import { afterFile } from "./cluster.ts";
import { podAddress } from "./pod-address.ts";
import { testProvisioner } from "./test-provisioner.ts";

/** The ports of every Traefik of a test, by the names of its entry points. */
export const traefikPorts = { web: 8000, websecure: 8443, traefik: 8080 } as const;

/** A Traefik of a test file: a process with an address of its own, as a Pod would have. */
export interface TestTraefik {
  readonly address: string;
  /** `http://address:port` of its entry point `web`. */
  readonly url: string;
  /** `https://address:port` of its entry point `websecure`. */
  readonly secureUrl: string;
  /** `http://address:port` of its API (`/api/http/routers` and so on). */
  readonly apiUrl: string;
  /** The process, for what it uses. */
  readonly pid: number;
  /** Ends it; also done after the test file. */
  stop(): Promise<void>;
}

/** Has the cluster serve the kinds of Traefik and of the Gateway API. Any number of test files may do so at once. */
export async function installTraefikKinds(kubeconfigPath: string): Promise<void> {
  const provisioner = testProvisioner();
  for (const step of await Promise.all([traefikDefinitionsStep(), gatewayApiDefinitionsStep()])) {
    const { paths } = await provisioner.provide(step);
    await createDefinitions(kubeconfigPath, paths.definitions);
  }
}

/**
 * Starts a Traefik that serves IngressRoutes, HTTPRoutes and Gateways of the namespaces. The kinds have to be there.
 * @param options - `address` is where it listens, by default one of its own, which Pods of a real node cannot reach;
 *   `args` come after the usual ones.
 */
export async function startTraefik(options: {
  kubeconfigPath: string;
  namespaces: readonly string[];
  address?: string;
  args?: readonly string[];
}): Promise<TestTraefik> {
  const { kubeconfigPath, namespaces, args = [] } = options;
  const program = await provideTraefik(testProvisioner());
  const address = options.address ?? (await podAddress());
  const [web, websecure, api] = [traefikPorts.web, traefikPorts.websecure, traefikPorts.traefik].map(
    (port) => `${address}:${port}`,
  ) as [string, string, string];
  // A cluster in name only: its process ends with this one, however this one ends.
  const cluster = await startCluster({ nodes: "none", attach: { kubeconfigPath } });
  afterFile(() => cluster.down());
  const component = await cluster.start(
    traefikComponent({
      program,
      kubeconfigPath,
      addresses: { web, websecure, api },
      args: [
        `--providers.kubernetescrd.namespaces=${namespaces.join(",")}`,
        "--providers.kubernetesgateway=true",
        `--providers.kubernetesgateway.namespaces=${namespaces.join(",")}`,
        `--providers.kubernetesgateway.statusaddress.ip=${address}`,
        ...args,
      ],
    }),
  );
  return {
    address,
    url: `http://${web}`,
    secureUrl: `https://${websecure}`,
    apiUrl: `http://${api}`,
    pid: component.record.process.pid,
    stop: () => component.stop(),
  };
}
