import { randomUUID } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  type ProxiedRequest,
  type RequestLog,
  startFaultProxy,
} from "@datalayer/devcluster/testkit/fault-proxy";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import { Pod } from "@datalayer/shared/kube/kinds";
import { round } from "../measure/summary.ts";
import { namespace } from "../setup/bench-cluster.ts";
import { ClaimClient } from "../setup/claim-client.ts";
import { ControllerProcess, newApiKey } from "../setup/controller-process.ts";
import { claimShapedPatch } from "../setup/raw-pods.ts";
import { fill, poolName, type Stage } from "../setup/stage.ts";

/** What the controller writes, counted by a proxy between it and the API server. */
export interface WriteFigures {
  /** Requests that change something, sent for a claim before its answer; the most of all claims. */
  writesBeforeAnswer: number;
  /** Writes on a runtime's own objects (Pod, Secret, Events) from its creation to its end, on average. */
  writesPerLife: number;
  /** The same by verb and resource. */
  writesPerLifeBy: Record<string, number>;
  /** Writes on what all runtimes share (the pool's status and Events, the records of usage), over this many lives. */
  poolWrites: number;
  /** All writes, those on what runtimes share too, for each life. It falls with the number of lives at a time. */
  allWritesPerLife: number;
  lives: number;
}

const poolSize = 20;
const claimIdPath = "/metadata/annotations/runtime-pools.datalayer.io~1claim-id";

/**
 * Lets runtimes live from creation to end and counts. The pool is full before and after, so that as many are
 * created as end. The proxy costs time: nothing is timed here.
 */
export async function countWrites(
  stage: Omit<Stage, "controller" | "claims" | "history" | "stock">,
): Promise<WriteFigures> {
  const { cluster, options } = stage;
  const lives = options.quick ? 10 : 40;
  const proxy = await startFaultProxy(cluster);
  const apiKey = newApiKey();
  const { kubeconfigYaml } = await proxy.client("controller", { token: cluster.controllerToken });
  const controller = await ControllerProcess.start({
    name: "bench-counted",
    kubeconfig: kubeconfigYaml,
    apiKey,
  });
  const claims = new ClaimClient({ url: controller.url, apiKey, connections: 8 });
  try {
    const counted = { ...stage, claims };
    await fill(counted, poolSize);
    proxy.log.clear();
    const beforeAnswer = await stage.progress.task(`${lives} counted lives`, () =>
      liveMany(counted, proxy.log, lives),
    );
    await fill(counted, poolSize);
    return { writesBeforeAnswer: Math.max(...beforeAnswer), ...perLife(proxy.log, lives) };
  } finally {
    await claims.close();
    await controller.stop();
    await proxy.close();
  }
}

type Counted = Omit<Stage, "controller" | "history" | "stock">;

async function liveMany(stage: Counted, log: RequestLog, lives: number): Promise<number[]> {
  const beforeAnswer: number[] = [];
  for (let life = 0; life < lives; life++) {
    stage.signal.throwIfAborted();
    const startMs = performance.now();
    const key = randomUUID();
    const { podName, status } = await stage.claims.claim({ pool: poolName, user: `user-${key}`, key });
    if (podName === undefined) throw new Error(`a counted claim was refused with status ${status}`);
    // Refill goes on meanwhile, so only what has to do with this claim counts: its Pod, and Pods it tried in vain.
    const writes = log.writes({ sinceMs: startMs, where: (one) => concerns(one, podName) });
    beforeAnswer.push(writes.length);
    if (life === 0) requireSameShape(writes);
    await stage.claims.end(podName);
    await isGone(stage, podName);
  }
  return beforeAnswer;
}

function concerns({ name, body = "" }: ProxiedRequest, podName: string): boolean {
  return name === podName || name === `${podName}-claim` || body.includes(claimIdPath);
}

/** The raw patches of this bench are a measure only as long as they look like the real one. */
function requireSameShape(writes: readonly ProxiedRequest[]): void {
  const sent = JSON.parse(writes[0]?.body ?? "[]") as JsonPatchOperation[];
  const shape = (operations: readonly JsonPatchOperation[]): string =>
    operations.map(({ op, path }) => `${op} ${path}`).join("\n");
  const model = shape(claimShapedPatch(modelPod));
  if (shape(sent) !== model) {
    throw new Error(
      `a claim no longer looks like the raw patch:\n${shape(sent)}\nraw-pods.ts has:\n${model}`,
    );
  }
}

const modelPod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "model", uid: "", resourceVersion: "", creationTimestamp: "" },
};

async function isGone({ cluster }: Counted, podName: string): Promise<void> {
  const gone = async (): Promise<boolean> => {
    const fieldSelector = `metadata.name=${podName}`;
    return (await cluster.admin.list(Pod, { namespace, fieldSelector })).items.length === 0;
  };
  await eventually(gone, { timeoutMs: 60_000, intervalMs: 50, message: `the end of Pod ${podName}` });
}

function isShared({ resource, body = "" }: ProxiedRequest): boolean {
  return (
    resource.startsWith("runtime-pools") ||
    resource === "configmaps" ||
    (resource === "events" && body.includes('"kind":"RuntimePool"'))
  );
}

function perLife(log: RequestLog, lives: number): Omit<WriteFigures, "writesBeforeAnswer"> {
  const others = log.writes({ exceptResource: "leases" });
  const writes = others.filter((one) => !isShared(one));
  const kinds = new Map<string, number>();
  for (const { verb, resource } of writes) {
    const kind = `${verb} ${resource}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const by = [...kinds].map(([kind, count]) => [kind, round(count / lives)] as const);
  return {
    writesPerLife: round(writes.length / lives),
    writesPerLifeBy: Object.fromEntries(by),
    poolWrites: others.length - writes.length,
    allWritesPerLife: round(others.length / lives),
    lives,
  };
}
