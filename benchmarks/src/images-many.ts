import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { keyOf, type ObjectRef } from "@datalayer/shared/kube/object";
import { buildsNamespace } from "@datalayer/tools/start/images";
import { dockerfile, imageReady, type Stage } from "./images-stage.ts";
import { round } from "./measure/summary.ts";

/** In which this bench builds; the first one asks for most. */
export const buildNamespaces = [buildsNamespace, "bench-b", "bench-c", "bench-d"] as const;

/**
 * The same number of Images one after another, and at once: most of them in one namespace, and a tenth in each of three
 * others, which ask when all of the first one wait already.
 */
export async function manyBuilds(stage: Stage): Promise<Record<string, number>> {
  const { builds } = stage.options;
  const serialStartMs = performance.now();
  for (const { name } of refsOf("serial", buildsNamespace, builds))
    await imageReady(stage, name, dockerfile(stage, name));
  const serialMs = performance.now() - serialStartMs;
  const parallel = await atOnce(stage, builds);
  return {
    serialMs: round(serialMs),
    ...parallel,
    parallelSpeedup: round(serialMs / parallel.parallelMs),
  };
}

async function atOnce(stage: Stage, builds: number) {
  const [busy, ...others] = buildNamespaces;
  const each = Math.max(1, Math.floor(builds / 10));
  const ofBusy = refsOf("parallel", busy, Math.max(1, builds - each * others.length));
  const ofOthers = others.flatMap((namespace) => refsOf(`parallel-${namespace}`, namespace, each));
  const order = new BuildOrder(stage);
  const startMs = performance.now();
  const busyDone = buildAll(stage, ofBusy);
  await untilKnown(stage, ofBusy);
  const othersStartMs = performance.now();
  const othersDone = buildAll(stage, ofOthers).then(() => performance.now() - othersStartMs);
  const [othersMs] = await Promise.all([othersDone, busyDone]);
  const parallelMs = performance.now() - startMs;
  return {
    parallelMs: round(parallelMs),
    fairnessTurns: order.turnsBefore(ofOthers, ofBusy),
    fairnessShare: round(othersMs / parallelMs),
  };
}

function refsOf(kind: string, namespace: string, count: number): Required<ObjectRef>[] {
  return Array.from({ length: count }, (_, index) => ({ namespace, name: `${kind}-${index}` }));
}

function buildAll(stage: Stage, refs: readonly Required<ObjectRef>[]): Promise<number[]> {
  return Promise.all(
    refs.map(({ namespace, name }) => imageReady(stage, name, dockerfile(stage, name), { namespace })),
  );
}

/** Waits until they build, or wait for their turn. */
async function untilKnown({ images }: Stage, refs: readonly ObjectRef[]): Promise<void> {
  const isKnown = (ref: ObjectRef): boolean => images.get(ref)?.status?.build !== undefined;
  await eventually(() => refs.every(isKnown), { intervalMs: 10, message: "the Images being queued" });
}

/** In which order builds began, and where in it Images were created. */
class BuildOrder {
  /** How many builds had begun, those of each Image included. */
  readonly #began = new Map<string, number>();
  readonly #createdAfter = new Map<string, number>();

  constructor({ images }: Stage) {
    images.onChange(({ type, object }) => {
      const key = keyOf(object.metadata);
      if (type === "added") this.#createdAfter.set(key, this.#began.size);
      const hasBegun = object.status?.build?.job !== undefined;
      if (hasBegun && !this.#began.has(key)) this.#began.set(key, this.#began.size + 1);
    });
  }

  /** How many builds of some began while one of others waited: the most that one of these had to let pass. */
  turnsBefore(waiting: readonly ObjectRef[], passing: readonly ObjectRef[]): number {
    const turns = passing.map((ref) => this.#began.get(keyOf(ref)) ?? 0);
    const passed = waiting.map((ref) => {
      const from = this.#createdAfter.get(keyOf(ref)) ?? 0;
      const to = this.#began.get(keyOf(ref)) ?? Infinity;
      return turns.filter((turn) => turn > from && turn < to).length;
    });
    return Math.max(...passed);
  }
}
