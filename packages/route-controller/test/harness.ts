import { afterFile, testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { type FaultProxy, startFaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { startTraefik, type TestTraefik, traefikPorts } from "@datalayer/devcluster/testkit/traefik";
import type { Clock } from "@datalayer/shared/clock/clock";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { loadAccess } from "@datalayer/shared/kube/access";
import { EndpointSlice, Pod, Service } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { tokenOf } from "@datalayer/shared/kube/testkit/chart";
import type { Logger } from "@datalayer/shared/log/logger";
import {
  endpointSliceManifest,
  podManifest,
  routeClassManifest,
  routeManifest,
  serviceManifest,
} from "./builders.ts";
import { type Echo, echoPort } from "./echo.ts";
import { installKinds, installRbac, operatorAccount } from "./manifests.ts";
import { launchReplica, type ReplicaSettings, type TestReplica } from "./test-replica.ts";

/** The Service whose endpoints are the Traefiks of {@link Harness.startTraefiks}. */
const traefikService = "traefik";

/**
 * Namespaces on the real API server with the chart's kinds and rights, replicas of the route-controller in this
 * process, and real Traefiks. Each replica speaks through its own port of a fault proxy, as its restricted
 * ServiceAccount. Everything is ended and removed after the test file.
 */
export class Harness {
  /** The first of {@link Harness.namespaces}: that of the controller. */
  readonly namespace: string;
  /** All that the controller watches. */
  readonly namespaces: readonly [string, ...string[]];
  /** The RouteClass of the test file; {@link Harness.createClass} makes it. */
  readonly className: string;
  readonly kubeconfigPath: string;
  /** May do everything, and no fault reaches it. */
  readonly admin: RestClient;
  /** In front of the replicas; `client` in rules and log is the name of a replica. */
  readonly proxy: FaultProxy;
  readonly replicas: TestReplica[] = [];
  readonly #token: string;

  constructor(parts: {
    namespaces: readonly [string, ...string[]];
    kubeconfigPath: string;
    admin: RestClient;
    proxy: FaultProxy;
    token: string;
  }) {
    this.namespaces = parts.namespaces;
    this.namespace = parts.namespaces[0];
    this.className = `class-${this.namespace}`;
    this.kubeconfigPath = parts.kubeconfigPath;
    this.admin = parts.admin;
    this.proxy = parts.proxy;
    this.#token = parts.token;
  }

  /** Starts a replica and waits until it is ready. A name serves once: start the next one under another. */
  async startReplica(
    name: string,
    options: { settings?: ReplicaSettings; log?: Logger; clock?: Clock } = {},
  ): Promise<TestReplica> {
    const link = await this.proxy.client(name, { token: this.#token });
    const replica = launchReplica({ link, namespaces: this.namespaces, ...options });
    this.replicas.push(replica);
    await eventually(() => Object.values(replica.replica.caches).every(({ hasSynced }) => hasSynced), {
      message: `replica ${name} being ready`,
    });
    return replica;
  }

  /**
   * Starts Traefiks that serve the namespaces, and a Service `traefik` whose EndpointSlice names them.
   * @param options - `args` of Traefik, after the usual ones.
   */
  async startTraefiks(count = 1, options: { args?: readonly string[] } = {}): Promise<TestTraefik[]> {
    const { kubeconfigPath, namespaces, namespace, admin } = this;
    const starting = Array.from({ length: count }, () =>
      startTraefik({ kubeconfigPath, namespaces, ...options }),
    );
    const traefiks = await Promise.all(starting);
    const manifest = serviceManifest(namespace, traefikService, traefikPorts.web);
    await admin.apply(Service, manifest);
    await this.setTraefiks(traefiks);
    return traefiks;
  }

  /** Says which Traefiks the Service `traefik` has. */
  async setTraefiks(traefiks: readonly TestTraefik[]): Promise<void> {
    const addresses = traefiks.map(({ address }) => address);
    const slice = endpointSliceManifest(this.namespace, traefikService, { addresses, ports: traefikPorts });
    await this.admin.apply(EndpointSlice, slice);
  }

  /** Creates the class of the test file: its data plane is that of {@link Harness.startTraefiks}. */
  async createClass(spec: Partial<RouteClass["spec"]> = {}): Promise<RouteClass> {
    const { admin, namespace, className } = this;
    const traefik = { service: { namespace, name: traefikService } };
    const made = await admin.create(RouteClass, routeClassManifest(className, { traefik, ...spec }));
    afterFile(() =>
      admin.delete(RouteClass, { name: className }, { uid: made.metadata.uid }).then(() => undefined),
    );
    return made;
  }

  /** Creates a Route of the class of the test file; see {@link routeManifest}. */
  async createRoute(name: string, spec: Partial<RouteSpec> = {}, namespace = this.namespace): Promise<Route> {
    const manifest = routeManifest(namespace, name, { routeClassName: this.className, ...spec });
    return this.admin.create(Route, manifest);
  }

  /** The Route as the API server has it now. */
  route(name: string, namespace = this.namespace): Promise<Route> {
    return this.admin.get(Route, { namespace, name });
  }

  /** Waits until a condition of a Route has this status; answers with the Route. */
  async condition(
    name: string,
    type: string,
    status: "True" | "False" | "Unknown",
    options: { namespace?: string; reason?: string } = {},
  ): Promise<Route> {
    const { namespace = this.namespace, reason } = options;
    return eventually(
      async () => {
        const route = await this.route(name, namespace);
        const found = route.status?.conditions?.find((one) => one.type === type);
        const isCurrent = found?.observedGeneration === route.metadata.generation;
        return isCurrent && found?.status === status && (reason ?? found.reason) === found.reason && route;
      },
      { timeoutMs: 40_000, message: `Route ${name} having ${type}=${status} ${reason ?? ""}` },
    );
  }

  /** A Service whose endpoints are these echoes, or addresses that nobody asks; `port` is 80. */
  async serve(
    name: string,
    echoes: readonly Pick<Echo, "address">[],
    namespace = this.namespace,
  ): Promise<void> {
    await this.admin.apply(Service, serviceManifest(namespace, name));
    const addresses = echoes.map(({ address }) => address);
    const slice = endpointSliceManifest(namespace, name, { addresses, ports: { http: echoPort } });
    await this.admin.apply(EndpointSlice, slice);
  }

  /** A Pod that nothing runs, with the address of an echo. */
  async createPod(
    name: string,
    options: { address?: string; ready?: boolean; labels?: Record<string, string>; namespace?: string } = {},
  ): Promise<Pod> {
    const { address, ready = address !== undefined, labels, namespace = this.namespace } = options;
    const pod = await this.admin.create(Pod, podManifest(namespace, name, labels));
    return this.setPod(pod, { address, ready });
  }

  /** Sets the status of a Pod as its kubelet would. */
  setPod(pod: Pod, state: { address?: string; ready: boolean; phase?: string }): Promise<Pod> {
    const { address, ready, phase = address === undefined ? "Pending" : "Running" } = state;
    const status = {
      phase,
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      ...(address !== undefined && { podIP: address, podIPs: [{ ip: address }] }),
    };
    const operations = [{ op: "add" as const, path: "/status", value: status }];
    return this.admin.patch(Pod, pod.metadata, operations, { subresource: "status" });
  }

  /** Lets a Pod go at once, as its kubelet does when it has stopped. */
  async removePod(pod: Pod): Promise<void> {
    await this.admin.delete(Pod, pod.metadata, { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
  }

  /** Stops the replicas; called after the test file. */
  async end(): Promise<void> {
    this.proxy.clearFaults();
    await Promise.all(this.replicas.map((replica) => replica.stop()));
    await this.proxy.close();
  }
}

/**
 * Makes the harness of a test file. Call it in `beforeAll`.
 * @param options - `namespaces`: how many the controller watches. Default: 1.
 */
export async function startHarness(options: { namespaces?: number } = {}): Promise<Harness> {
  const { kubeconfigPath } = await useCluster();
  const access = loadAccess({ kubeconfigPath });
  const admin = new RestClient({ access, userAgent: "test", fieldManager: "test" });
  afterFile(() => admin.close());
  const namespace = await testNamespace();
  const others = await Promise.all(Array.from({ length: (options.namespaces ?? 1) - 1 }, testNamespace));
  const namespaces = [namespace, ...others] as const;
  await installKinds(admin, kubeconfigPath);
  afterFile(await installRbac(admin, [namespace, ...others]));
  const token = await tokenOf(admin, { namespace, name: operatorAccount });
  const proxy = await startFaultProxy({ kubeconfigPath });
  const harness = new Harness({ namespaces: [...namespaces], kubeconfigPath, admin, proxy, token });
  afterFile(() => harness.end());
  return harness;
}
