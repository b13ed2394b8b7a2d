import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Node } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { runtimeRole } from "../src/node-scaling/node-role.ts";
import type { AwsCloud } from "./aws-cloud.ts";
import { kwokNode } from "./nodes.ts";

const pollMs = 200;

/** Makes a fake node of each machine of a group, as kubelets would; the nodes take the Pods of the group only. */
export class Machines {
  /** While set, machines do not become nodes. */
  areDead = false;
  readonly #admin: RestClient;
  readonly #cloud: AwsCloud;
  readonly #group: string;
  /** The ids of all machines that there ever were. */
  readonly known = new Set<string>();

  private constructor(admin: RestClient, cloud: AwsCloud, group: string) {
    this.#admin = admin;
    this.#cloud = cloud;
    this.#group = group;
  }

  static start(admin: RestClient, cloud: AwsCloud, group: string): Machines {
    const machines = new Machines(admin, cloud, group);
    const stopped = new AbortController();
    const playing = machines.#play(stopped.signal);
    afterFile(async () => {
      stopped.abort();
      await playing;
      for (const node of await machines.nodes()) await machines.#forget(node);
    });
    return machines;
  }

  /** The nodes as the API server has them, by name. */
  async nodes(): Promise<Node[]> {
    const { items } = await this.#admin.list(Node, { labelSelector: `group=${this.#group}` });
    return items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Waits until there are so many nodes, all ready and taking Pods. */
  async ready(count: number, timeoutMs = 30_000): Promise<Node[]> {
    return eventually(
      async () => {
        const nodes = await this.nodes();
        const ready = nodes.filter(
          ({ spec, status }) =>
            !spec?.unschedulable &&
            status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
        );
        return nodes.length === count && ready.length === count && nodes;
      },
      { timeoutMs, message: `${count} nodes of ${this.#group} being ready` },
    );
  }

  async #play(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { Instances = [] } = await this.#cloud.group(this.#group);
      const fresh = Instances.filter(({ InstanceId = "" }) => !this.known.has(InstanceId));
      for (const { InstanceId = "" } of this.areDead ? [] : fresh) {
        this.known.add(InstanceId);
        await this.#register(InstanceId);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** With its size: the client sends no status, but a kubelet registers its node with one. */
  async #register(instanceId: string): Promise<void> {
    const { metadata, spec, ...rest } = kwokNode(`${this.#group}-${instanceId}`, this.#group);
    const labels = { ...metadata.labels, [runtimeRole.key]: runtimeRole.value };
    const allocatable = { cpu: "4", memory: "16Gi", pods: "110" };
    const node = {
      ...rest,
      metadata: { ...metadata, labels },
      spec: { ...spec, providerID: `aws:///us-east-1a/${instanceId}` },
      status: { allocatable, capacity: allocatable },
    };
    await this.#admin.raw({ method: "POST", path: "/api/v1/nodes", body: JSON.stringify(node) });
  }

  async #forget({ metadata }: Node): Promise<void> {
    await this.#admin.delete(Node, metadata, { uid: metadata.uid }).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.isNotFound)) throw error;
    });
  }
}
