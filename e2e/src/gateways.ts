import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { writeHosts } from "@datalayer/devcluster/hosts";
import { addPodAddress, type PodAddress } from "@datalayer/devcluster/pod-address";
import { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { routeControllerArgs } from "@datalayer/tools/start/controller";
import { poolOfExample } from "@datalayer/tools/start/example";
import type { OperatorApi } from "@datalayer/tools/start/rest";
import { serviceAccountKubeconfig } from "@datalayer/tools/start/service-account";

/** The Service of the gateways, in the namespace of the example, and its port. */
export const gatewayService = { name: "runtime-gateway", port: 8080 } as const;
/** Where the gateways are asked what they saw; every address behind the name is one of them. */
export const activityUrl = `http://${gatewayService.name}:2111`;

const opsPort = 2113;

/** A replica of the runtime gateway. */
export interface Gateway {
  readonly address: string;
  /** Whether it says that requests may be sent to it. */
  isReady(): Promise<boolean>;
  /** Ends it as Kubernetes would end its Pod; resolves once it has ended. */
  stop(): Promise<void>;
}

/** Addresses of replicas of the gateway that are still to be started, and a hosts file that knows them. */
export class GatewayAddresses {
  readonly #addresses: readonly PodAddress[];

  private constructor(addresses: readonly PodAddress[]) {
    this.#addresses = addresses;
  }

  static async add(count: number): Promise<GatewayAddresses> {
    return new GatewayAddresses(await Promise.all(Array.from({ length: count }, addPodAddress)));
  }

  get all(): string[] {
    return this.#addresses.map(({ address }) => address);
  }

  /** Writes the hosts file by which {@link activityUrl} leads to all of them. */
  async writeHosts(directory: string): Promise<string> {
    const path = join(directory, "gateway-hosts");
    await writeHosts(path, { [gatewayService.name]: this.all });
    return path;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#addresses.map(({ remove }) => remove()));
  }
}

/** Starts a replica of the gateway at an address, under its own ServiceAccount. */
export async function startGateway(
  cluster: StartedCluster,
  { apiKeyPath }: OperatorApi,
  address: string,
): Promise<Gateway> {
  const isReady = async (signal?: AbortSignal): Promise<boolean> =>
    (await fetch(`http://${address}:${opsPort}/readyz`, { signal })).ok;
  const component = await cluster.start({
    name: `runtime-gateway-${address.replaceAll(".", "-")}`,
    command: process.execPath,
    args: [...routeControllerArgs, "gateway"],
    env: {
      KUBECONFIG: await serviceAccountKubeconfig(cluster, "datalayer-runtime-gateway-sa"),
      DATALAYER_OPERATOR_API_KEY_FILE: apiKeyPath,
      DATALAYER_OPS_PORT: String(opsPort),
      DATALAYER_GATEWAY_HOST: address,
      DATALAYER_GATEWAY_PORT: String(gatewayService.port),
      DATALAYER_GATEWAY_DRAIN_DELAY: "10s",
    },
    port: gatewayService.port,
    ready: isReady,
  });
  return {
    address,
    isReady: () => isReady().catch(() => false),
    stop: async () => {
      process.kill(component.record.process.pid, "SIGTERM");
      await component.exited;
    },
  };
}

/** Makes the Service of the gateways lead to those that are ready: what Kubernetes does where they are Pods. */
export async function serveGateways(kube: RestClient, gateways: readonly Gateway[]): Promise<void> {
  const { namespace } = poolOfExample;
  const { name, port } = gatewayService;
  const ready = await Promise.all(gateways.map((gateway) => gateway.isReady()));
  const ports = [{ name: "http", port, protocol: "TCP" }];
  await kube.apply(Service, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name },
    spec: { clusterIP: "None", ports },
  });
  await kube.apply(EndpointSlice, {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: { namespace, name, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports,
    endpoints: gateways
      .filter((_, index) => ready[index])
      .map(({ address }) => ({ addresses: [address], conditions: { ready: true } })),
  });
}
