import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type StartedCluster, startCluster } from "@datalayer/devcluster/cluster";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { provideHelm } from "@datalayer/devcluster/testkit/helm";
import {
  installTraefikKinds,
  startTraefik,
  type TestTraefik,
  traefikPorts,
} from "@datalayer/devcluster/testkit/traefik";
import { chartValues } from "@datalayer/tools/start/chart-values";
import type { OperatorApi } from "@datalayer/tools/start/rest";
import { execa, type ResultPromise } from "execa";
import { serveNames } from "./service-names.ts";

const root = join(import.meta.dirname, "../..");
const charts = ["operator", "runtime-controller", "route-controller", "image-controller"];

/** The namespace that the operator is installed in. */
export const namespace = "datalayer-runtimes";

/** How a command ended, and what it wrote. */
export interface Ended {
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** How a command is typed. */
interface Typed {
  input?: string;
  env?: Readonly<Record<string, string>>;
}

interface EndpointSlice {
  endpoints?: { addresses: string[]; conditions: { ready?: boolean } }[];
}

/**
 * An administrator with a cluster that has a real node, a Traefik, and a registry with our images and charts; nothing of
 * the operator is in it yet.
 */
export class Administrator {
  readonly cluster: StartedCluster;
  /** Scheme and host by which users reach runtimes. */
  readonly entryPoint: string;
  readonly #helm: string;

  private constructor(cluster: StartedCluster, entryPoint: string, helm: string) {
    this.cluster = cluster;
    this.entryPoint = entryPoint;
    this.#helm = helm;
  }

  /** Starts the cluster, and publishes the charts. */
  static async start(): Promise<Administrator> {
    const cluster = await startCluster({
      nodes: "real",
      images: ["controllers", "builds"],
      traefik: false,
      audit: true,
      progress: stderrProgress(),
    });
    const { kubeconfigPath } = cluster;
    await installTraefikKinds(kubeconfigPath);
    const { hostname: address } = new URL(cluster.server);
    const traefik = await startTraefik({ kubeconfigPath, namespaces: [namespace], address });
    const administrator = new Administrator(cluster, await openLocally(traefik), await provideHelm());
    await mkdir(administrator.home);
    await administrator.create(...serviceOf(traefik));
    await serveNames(address, (service, of) => administrator.#replicas(service, of));
    await administrator.#publish();
    return administrator;
  }

  /** `host:port` of the registry, which nodes, Pods and builds reach. */
  get registry(): string {
    return this.cluster.registry ?? "";
  }

  /** `oci://` of the umbrella chart. */
  get chart(): string {
    return `oci://${this.registry}/datalayer-charts/operator`;
  }

  /** A replica of the REST API of runtimes that is ready. */
  async api(): Promise<OperatorApi> {
    return {
      apiUrl: `${await this.#replica("datalayer-operator-svc", 2111)}/api/operator`,
      apiKeyPath: await this.#apiKeyPath(),
    };
  }

  /** Asks the REST API of images; answers with the status. */
  async askImages(method: "GET" | "POST", path: string): Promise<number> {
    const url = `${await this.#replica("datalayer-images-svc", 2114)}/api/images/v1/images/${path}`;
    const key = await readFile(await this.#apiKeyPath(), "utf8");
    const answer = await fetch(url, { method, headers: { "x-api-key": key } });
    await answer.body?.cancel();
    return answer.status;
  }

  /** URL of a replica that is ready, as its Service would choose one. */
  async #replica(name: string, port: number): Promise<string> {
    const [address] = await this.#replicas(name, namespace);
    if (address === undefined) throw new Error(`no replica behind ${name} is ready`);
    return `http://${address}:${port}`;
  }

  /** The addresses of the replicas behind a Service that are ready. */
  async #replicas(name: string, of: string): Promise<string[]> {
    const service = `kubernetes.io/service-name=${name}`;
    const slices = await this.kubectl(["get", "endpointslices", "-n", of, "-l", service, "-o", "json"]);
    const { items } = JSON.parse(slices) as { items: EndpointSlice[] };
    return items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions.ready)
      .flatMap(({ addresses }) => addresses);
  }

  /** A values file for this cluster, over whose parts `more` stands. */
  async values(name: string, more: Readonly<Record<string, object>> = {}): Promise<string> {
    const { global, extraEnv } = chartValues(this.cluster);
    const values = {
      global,
      operator: {
        extraEnv,
        env: {
          DATALAYER_RUNTIMES_URL: this.entryPoint,
          DATALAYER_DOCKER_REGISTRY: this.cluster.imageRegistry,
          // What is offered here is routed: nothing is offered all the same.
          DATALAYER_RUNTIME_ROUTE_WAIT_SEC: -1,
        },
        ...more["operator"],
      },
      "route-controller": {
        traefikService: "traefik/traefik",
        extraEnv,
        ...more["route-controller"],
        verifier: { extraEnv, ...more["verifier"] },
      },
      "image-controller": {
        extraEnv,
        ...more["image-controller"],
        // That of a name, registry.localhost, is known to the node alone.
        env: { DATALAYER_DOCKER_REGISTRY: this.registry, DATALAYER_IMAGES_PLAIN_REGISTRIES: this.registry },
      },
    };
    const path = join(this.cluster.directory, name);
    await writeFile(path, JSON.stringify(values));
    return path;
  }

  /** The administrator's home folder. */
  get home(): string {
    return join(this.cluster.directory, "home");
  }

  /** Runs `plane` as it can be typed, to its end. */
  async plane(args: readonly string[], options?: Typed): Promise<Ended> {
    return endOf(this.start("plane", args, options));
  }

  /** Runs `clouder` as it can be typed, to its end. */
  async clouder(args: readonly string[], options?: Typed): Promise<Ended> {
    return endOf(this.start("clouder", args, options));
  }

  /** Starts one of the two. */
  start(
    program: "plane" | "clouder",
    args: readonly string[],
    { input, env }: Typed = {},
  ): ResultPromise<{ reject: false }> {
    return execa(process.execPath, [join(root, `packages/cli/src/${program}.ts`), ...args], {
      // Whoever runs the tests may ask for colours, which are not looked for in what is printed.
      env: { ...this.cluster.env(), HOME: this.home, PLANE_HELM: this.#helm, FORCE_COLOR: "0", ...env },
      reject: false,
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    }) as ResultPromise<{ reject: false }>;
  }

  /** Runs kubectl, and expects it to do what it is told. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    return (await execa("kubectl", args, { env: this.cluster.env(), ...(input !== undefined && { input }) }))
      .stdout;
  }

  /** Creates objects. */
  async create(...objects: object[]): Promise<void> {
    await this.kubectl(
      ["create", "-f", "-"],
      JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
    );
  }

  /** Runs Helm, and expects it to do what it is told. */
  async helm(args: readonly string[]): Promise<string> {
    return (await execa(this.#helm, args, { env: this.cluster.env() })).stdout;
  }

  async #apiKeyPath(): Promise<string> {
    const secret = ["get", "secret", "datalayer-operator-api-key", "-n", namespace];
    const key = await this.kubectl([...secret, "-o", "jsonpath={.data.apiKey}"]);
    const path = join(this.cluster.directory, "api-key-of-release");
    // In one step: of several users who ask at once, none reads what another has half written.
    const draft = `${path}.${randomUUID()}`;
    await writeFile(draft, Buffer.from(key, "base64"), { mode: 0o600 });
    await rename(draft, path);
    return path;
  }

  /** Packages the charts, and pushes them. */
  async #publish(): Promise<void> {
    const packages = join(this.cluster.directory, "packages");
    for (const chart of charts) {
      await this.helm(["package", join(root, "charts", chart), "--destination", packages]);
    }
    for (const file of await readdir(packages)) {
      await this.helm(["push", join(packages, file), dirname(this.chart), "--plain-http"]);
    }
  }
}

async function endOf(command: ResultPromise<{ reject: false }>): Promise<Ended> {
  const { exitCode: code, stdout, stderr } = await command;
  return { code, stdout, stderr };
}

/** Passes connections on to the entry point: the host of a Route is a name, and Traefik's address has none. */
async function openLocally({ address }: TestTraefik): Promise<string> {
  const server = createServer((user) => {
    const traefik = connect(traefikPorts.web, address);
    pipeline(user, traefik, user).catch(() => user.destroy());
  });
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

/** What a Traefik that runs in Pods has, by which its replicas are found. */
function serviceOf({ address }: TestTraefik): object[] {
  const metadata = { name: "traefik", namespace: "traefik" };
  const ports = Object.entries(traefikPorts).map(([name, port]) => ({ name, port }));
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "traefik" } },
    { apiVersion: "v1", kind: "Service", metadata, spec: { ports } },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": "traefik" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports,
    },
  ];
}
