import { useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Event } from "@datalayer/shared/kube/kinds";
import type { ScalingView } from "../src/http/scaling-view.ts";
import { AwsCloud } from "./aws-cloud.ts";
import { type Harness, startHarness, type TestReplica } from "./harness.ts";
import { Machines } from "./machines.ts";
import { onGroup } from "./nodes.ts";

/** What is shown of scaling, and of each node of the group its status. */
export interface ShownScaling extends ScalingView {
  nodes: string[];
}

/**
 * A namespace whose nodes are the machines of a group of its own; each takes four of the runtimes of its pools. No
 * replica runs yet.
 */
export class ScaledCluster {
  readonly cloud: AwsCloud;
  readonly cluster: Harness;
  readonly group: string;
  readonly machines: Machines;
  replica!: TestReplica;
  #replicas = 0;

  private constructor(cloud: AwsCloud, cluster: Harness, group: string) {
    this.cloud = cloud;
    this.cluster = cluster;
    this.group = group;
    this.machines = Machines.start(cluster.admin, cloud, group);
  }

  /** @param desired - machines at the beginning. */
  static async start(cloud: AwsCloud, desired: number): Promise<ScaledCluster> {
    return ScaledCluster.of(cloud, await startHarness(), desired);
  }

  /** The same in a namespace that is there. */
  static async of(cloud: AwsCloud, cluster: Harness, desired: number): Promise<ScaledCluster> {
    const scaled = new ScaledCluster(cloud, cluster, await cloud.createGroup({ desired, max: 4 }));
    await scaled.machines.ready(desired);
    return scaled;
  }

  /** Starts the next replica, which scales the group without any pause or headroom. */
  async startReplica(settings: Record<string, string> = {}): Promise<TestReplica> {
    this.replica = await this.cluster.startReplica(`replica-${++this.#replicas}`, {
      settings: { ...this.settings(), ...settings },
    });
    return this.replica;
  }

  settings(): Record<string, string> {
    return {
      DATALAYER_SCALING_STRATEGY: "simple",
      DATALAYER_SCALING_DRY_RUN: "false",
      DATALAYER_SCALING_PROVIDER: "aws",
      DATALAYER_SCALING_NODE_GROUP: this.group,
      DATALAYER_SCALING_MIN_NODES: "1",
      DATALAYER_SCALING_TICK_INTERVAL_SECONDS: "1",
      DATALAYER_SCALING_COOLDOWN_SECONDS: "1",
      DATALAYER_SCALING_COMMANDS_RETRY_DELAY_SECONDS: "1",
      DATALAYER_SCALING_MIN_HEADROOM_CPU_MILLIS: "0",
      DATALAYER_SCALING_MIN_HEADROOM_MEMORY_MB: "0",
      AWS_ENDPOINT_URL: this.cloud.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example-secret",
    };
  }

  /** Creates a pool whose runtimes take a core each, on the nodes of the group, and waits until it is full. */
  async pool(name: string, size: number): Promise<void> {
    const each = { cpu: "1", memory: "1Gi" };
    await this.cluster.warmPool({
      name,
      size,
      resources: { requests: each, limits: each },
      ...onGroup(this.group),
    });
  }

  async view(): Promise<ShownScaling> {
    const { body } = await this.replica.ask("GET", "/cluster/state");
    const nodes = body["nodes_with_pods"] as { node: { name: string; status: string } }[];
    const own = nodes.filter(({ node }) => node.name.startsWith(this.group)).map(({ node }) => node.status);
    return { ...(body as unknown as ScalingView), nodes: own };
  }

  untilView(fits: (shown: ShownScaling) => boolean, what: string): Promise<ShownScaling> {
    return eventually(
      async () => {
        const shown = await this.view();
        return fits(shown) && shown;
      },
      { timeoutMs: 60_000, message: what },
    );
  }

  /** Waits until the group has this size, its nodes are ready and nothing is under way. */
  async settled(size: number): Promise<void> {
    await this.machines.ready(size, 90_000);
    await this.untilView(
      ({ scaling, node_requests: requests }) =>
        scaling?.reason === "Settled" && requests.every(({ phase }) => phase === "ended"),
      "scaling being settled",
    );
  }

  async desired(): Promise<number | undefined> {
    return (await this.cloud.group(this.group)).DesiredCapacity;
  }

  /** The ids of its machines. */
  async instances(): Promise<string[]> {
    const { Instances = [] } = await this.cloud.group(this.group);
    return Instances.map(({ InstanceId = "" }) => InstanceId);
  }

  /** What Events tell of what scaling remembers, by reason. */
  async events(): Promise<Map<string, string>> {
    const { items } = await this.cluster.admin.list(Event, { namespace: this.cluster.namespace });
    const own = items.filter(({ regarding }) => regarding?.name === "datalayer-operator-scaling");
    return new Map(own.map(({ reason = "", type = "", note = "" }) => [reason, `${type}: ${note}`]));
  }
}

/** One cloud for a test file. */
export async function startCloud(): Promise<AwsCloud> {
  return AwsCloud.start((await useCluster()).kubeconfigPath);
}
