import { setTimeout as pause } from "node:timers/promises";
import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import { LineDecoder } from "@datalayer/shared/kube/line-decoder";
import { componentLabel, operatorSelector, releaseLabel } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { type LogSelection, openLog } from "../observe/pod-log.ts";
import { type LogLine, parseLine } from "./line.ts";

/** Whose logs, and how much of them. */
export interface FollowOptions {
  release: string;
  /** Components; none stands for all. */
  controllers: readonly string[];
  selection: Pick<LogSelection, "tailLines" | "sinceSeconds">;
  signal: AbortSignal;
  onLine: (line: LogLine) => void;
  /** Something that may pass is said once. */
  onTrouble: (text: string) => void;
}

const POLL_MS = 2_000;
const RETRY_MS = 500;

/** The Pods whose logs are meant. */
export async function gatherPods(
  { client, namespace }: Cluster,
  { release, controllers }: Pick<FollowOptions, "release" | "controllers">,
): Promise<Pod[]> {
  const labelSelector = `${operatorSelector},${releaseLabel}=${release}`;
  const { items } = await client.list(Pod, { namespace, labelSelector });
  return items.filter((pod) => controllers.length === 0 || controllers.includes(componentOf(pod)));
}

function componentOf({ metadata }: Pod): string {
  return metadata.labels?.[componentLabel] ?? "";
}

/** A container whose log is read. */
interface Source {
  pod: Pod;
  container: string;
}

function sourcesOf(pods: readonly Pod[]): Source[] {
  return pods.flatMap((pod) => (pod.spec?.containers ?? []).map(({ name }) => ({ pod, container: name })));
}

function keyOf({ pod, container }: Source): string {
  return `${pod.metadata.uid}/${container}`;
}

/** Reads what the Pods have written so far, in the order of time. */
export async function readLines(cluster: Cluster, options: FollowOptions): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const follower = new Follower(cluster, { ...options, onLine: (line) => lines.push(line) });
  const sources = sourcesOf(await gatherPods(cluster, options));
  await Promise.all(sources.map((source) => follower.read(source, false)));
  return lines.sort((a, b) => a.time.localeCompare(b.time));
}

/** Follows the logs of all Pods until the signal is aborted, also of those that come later. */
export async function followLines(cluster: Cluster, options: FollowOptions): Promise<void> {
  const followed = new Map<string, Promise<void>>();
  const follower = new Follower(cluster, options);
  while (!options.signal.aborted) {
    const sources = sourcesOf(await gatherPods(cluster, options));
    const added = sources.filter((source) => !followed.has(keyOf(source)));
    for (const source of added) followed.set(keyOf(source), follower.follow(source));
    await pause(POLL_MS, undefined, { signal: options.signal });
  }
}

class Follower {
  readonly #cluster: Cluster;
  readonly #options: FollowOptions;
  readonly #said = new Set<string>();
  /** The time of the last line, by Pod and container: a stream that ends goes on after it. */
  readonly #last = new Map<string, string>();

  constructor(cluster: Cluster, options: FollowOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Reads on whenever the stream ends, as it does with each container, until the Pod is gone. */
  async follow(source: Source): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted && (await this.read(source, true))) {
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Reads until the stream ends; false when the Pod is gone. */
  async read(source: Source, follow: boolean): Promise<boolean> {
    const { name } = source.pod.metadata;
    const after = this.#last.get(keyOf(source));
    const from = after === undefined ? this.#options.selection : { sinceTime: after };
    const selection = { ...from, container: source.container, follow, timestamps: true };
    try {
      const log = await openLog(this.#cluster, name, selection, this.#options.signal);
      const lines = new LineDecoder();
      for await (const chunk of log.body as AsyncIterable<Buffer>) {
        for (const text of lines.push(chunk)) this.#take(source, text, after);
      }
      log.close();
      return true;
    } catch (error) {
      return this.#survives(error, name);
    }
  }

  /** `sinceTime` counts whole seconds: what was seen comes again. */
  #take(source: Source, text: string, after = ""): void {
    const { pod } = source;
    const line = parseLine(text, { component: componentOf(pod), pod: pod.metadata.name });
    if (line.time <= after) return;
    this.#last.set(keyOf(source), line.time);
    this.#options.onLine(line);
  }

  #survives(error: unknown, pod: string): boolean {
    if (this.#options.signal.aborted) return false;
    if (error instanceof ApiError && error.isNotFound) return false;
    // Not started yet: that is said where Pods are shown.
    if (error instanceof ApiError && error.status === 400) return true;
    if (!(error instanceof ApiError || error instanceof TransportError)) return true;
    const text = `no log of Pod ${pod}: ${error.message}`;
    if (!this.#said.has(text)) this.#options.onTrouble(text);
    this.#said.add(text);
    return true;
  }
}
