import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { Progress } from "@datalayer/devcluster/progress";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Informer } from "@datalayer/shared/kube/informer";
import { Pod } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { AssignmentHistory } from "../measure/assignment-history.ts";
import { Stock } from "../measure/stock.ts";
import type { BenchOptions } from "../options.ts";
import { type BenchCluster, namespace } from "./bench-cluster.ts";
import { ClaimClient } from "./claim-client.ts";
import { ControllerProcess, newApiKey } from "./controller-process.ts";
import { RawPods } from "./raw-pods.ts";

/** The pool that claims come from. */
export const poolName = "bench-pool";

const environmentName = "bench-env";
const burningRate = 0.01;
const fillWithinMs = 600_000;
const runtimesOnly = "app=runtime-pools";

/** What a workload works with. */
export interface Stage {
  options: BenchOptions;
  cluster: BenchCluster;
  controller: ControllerProcess;
  claims: ClaimClient;
  history: AssignmentHistory;
  stock: Stock;
  progress: Progress;
  /** Aborted when the reader wants the bench to end. */
  signal: AbortSignal;
}

/** What filling a pool takes. */
type Filling = Pick<Stage, "claims" | "progress" | "signal">;

/** A stage, and what belongs to it alone. */
export interface RunningStage extends Stage {
  /** Whether the watch behind the history ran without a gap. */
  isHistoryComplete(): boolean;
  close(): Promise<void>;
}

/** Creates the environment, and the pool with nothing in it. */
export async function createPool(admin: RestClient, name = poolName, size = 0): Promise<void> {
  const { apiVersion, kind } = RuntimePool;
  const spec = { environment: environmentName, size, burningRate };
  await admin.create(RuntimePool, { apiVersion, kind, metadata: { name, namespace }, spec });
}

/** Creates the environment that all pools serve. */
export async function createEnvironment(admin: RestClient): Promise<void> {
  const resources = { cpu: "100m", memory: "128Mi" };
  await admin.create(RuntimeEnvironment, {
    apiVersion: RuntimeEnvironment.apiVersion,
    kind: RuntimeEnvironment.kind,
    metadata: { name: environmentName, namespace },
    spec: {
      title: "Bench",
      language: "python",
      dockerImage: "registry.example/jupyter:bench",
      resourcesRanges: { default: { requests: resources, limits: resources } },
    },
  });
}

/** Starts one replica of the controller and everything that looks at it. */
export async function startStage(context: {
  cluster: BenchCluster;
  options: BenchOptions;
  progress: Progress;
  signal: AbortSignal;
}): Promise<RunningStage> {
  const { cluster, options } = context;
  const apiKey = newApiKey();
  const profile = options.cpuProfileDir;
  const controller = await ControllerProcess.start({
    name: "bench-controller",
    kubeconfig: cluster.controllerKubeconfig,
    apiKey,
    nodeOptions: profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`],
  });
  const claims = new ClaimClient({ url: controller.url, apiKey, connections: 400 });
  const history = new AssignmentHistory();
  const stock = new Stock();
  const { isComplete, stop } = await follow(cluster.admin, history, stock);
  return {
    ...context,
    controller,
    claims,
    history,
    stock,
    isHistoryComplete: isComplete,
    close: async () => {
      stop();
      await claims.close();
      await controller.stop();
    },
  };
}

/** Lets each observer see every state of every runtime Pod from now on. */
export async function follow(
  admin: RestClient,
  ...observers: readonly { observe(pod: Pod, deleted: boolean): void }[]
): Promise<{ isComplete: () => boolean; stop: () => void }> {
  const watching = new AbortController();
  const pods = new Informer({ client: admin, kind: Pod, namespace, labelSelector: runtimesOnly });
  pods.onChange(({ object, type }) => {
    for (const observer of observers) observer.observe(object, type === "deleted");
  });
  pods.start(watching.signal);
  await pods.synced();
  return { isComplete: () => pods.relists === 0, stop: () => watching.abort() };
}

/** Waits until the pool has this many runtimes available and none in any other state. */
export async function fill(stage: Filling, size: number): Promise<void> {
  await stage.claims.resize(poolName, size);
  await stage.progress.task(`pool of ${size}`, () => settle(stage, size));
}

async function settle({ claims, signal }: Filling, size: number): Promise<void> {
  const settled = async (): Promise<boolean> => {
    const pool = (await claims.counts()).get(poolName);
    return signal.aborted || (pool?.available === size && pool.pending === 0 && pool.assigned === 0);
  };
  const message = `a pool of ${size} available runtimes`;
  await eventually(settled, { timeoutMs: fillWithinMs, intervalMs: 250, message });
  signal.throwIfAborted();
}

/** Ends runtimes, a few at a time. */
export async function endAll({ claims }: Stage, podNames: readonly string[]): Promise<void> {
  const rest = podNames.values();
  const worker = async (): Promise<void> => {
    for (const name of rest) await claims.end(name);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** Pods for raw patches after the model of an available runtime, patched with the controller's own rights. */
export async function createRawPods(
  { cluster }: Stage,
  { count, connections }: { count: number; connections: number },
): Promise<RawPods> {
  const { admin } = cluster;
  const labelSelector = `${runtimesOnly},runtime-pools.datalayer.io/pod-status=available`;
  const model = (await admin.list(Pod, { namespace, labelSelector })).items[0];
  if (!model) throw new Error("there is no available runtime to model the Pods for raw patches on");
  const patcher = new RestClient({
    access: loadAccess({ kubeconfigYaml: cluster.rawKubeconfig }),
    userAgent: "datalayer-bench-raw",
    fieldManager: "datalayer-bench-raw",
    connections,
  });
  return RawPods.create(count, model, { admin, patcher });
}
