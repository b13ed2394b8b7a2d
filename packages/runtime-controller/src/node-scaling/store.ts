import { ApiError } from "@datalayer/shared/kube/api-error";
import { ConfigMap } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { z } from "zod";
import { type HistoryLimits, withEvents } from "./history.ts";
import {
  commandList,
  emptyState,
  type HistoryEvent,
  historyList,
  type ScalingState,
  stateRest,
} from "./state.ts";

/** Where scaling keeps what it remembers: a ConfigMap, its keys, and how long the history is. */
export interface ScalingKeys extends HistoryLimits {
  readonly configMap: ObjectRef & { readonly namespace: string };
  readonly commands: string;
  readonly deadLetters: string;
  readonly events: string;
}

/** Selects the ConfigMap. */
export const scalingLabel = { name: "datalayer.io/scaling", value: "state" } as const;

const restKey = "state";

/** What is remembered, as it is stored. */
export interface StoredState {
  readonly state: ScalingState;
  readonly history: readonly HistoryEvent[];
  /** Undefined before the first write. */
  readonly object: ConfigMap | undefined;
  /** What cannot be read, naming the key and the field: somebody has changed it. Then nothing else is known. */
  readonly fault?: string;
}

/**
 * What scaling remembers, in one ConfigMap. Every replica reads it; the leader writes it.
 *
 * Guarantee: a write succeeds only upon the very version that was read, so that of two who believe to lead one fails
 * before it asks anything of the cloud.
 */
export class ScalingStore {
  readonly #configMaps: ObjectReader<ConfigMap>;
  readonly #keys: ScalingKeys;
  readonly #parsed = new WeakMap<ConfigMap, StoredState>();

  constructor(configMaps: ObjectReader<ConfigMap>, keys: ScalingKeys) {
    this.#configMaps = configMaps;
    this.#keys = keys;
  }

  /** What is stored, with our own writes. */
  read(): StoredState {
    const object = this.#configMaps.get(this.#keys.configMap);
    if (!object) return { state: emptyState, history: [], object };
    const known = this.#parsed.get(object) ?? this.#parseOrTell(object);
    this.#parsed.set(object, known);
    return known;
  }

  /** Writes a state and what is told of it; answers with the ConfigMap. */
  async save(state: ScalingState, events: readonly HistoryEvent[], kube: RestClient): Promise<ConfigMap> {
    const { object, history } = this.read();
    const data = this.#dataOf(state, withEvents(history, events, this.#keys));
    const written = object ? await this.#replace(object, data, kube) : await this.#create(data, kube);
    this.#configMaps.recordWrite(written);
    return written;
  }

  #replace({ metadata }: ConfigMap, data: Record<string, string>, kube: RestClient): Promise<ConfigMap> {
    return kube.patch(ConfigMap, metadata, [
      { op: "test", path: "/metadata/uid", value: metadata.uid },
      { op: "replace", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
      { op: "add", path: "/data", value: data },
    ]);
  }

  async #create(data: Record<string, string>, kube: RestClient): Promise<ConfigMap> {
    const { namespace, name } = this.#keys.configMap;
    const { apiVersion, kind } = ConfigMap;
    const labels = { [scalingLabel.name]: scalingLabel.value };
    try {
      return await kube.create(ConfigMap, { apiVersion, kind, metadata: { namespace, name, labels }, data });
    } catch (error) {
      if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
      const hint = `is there, and not known here: if it stays so, it lacks the label ${scalingLabel.name}=${scalingLabel.value}`;
      throw new Error(`ConfigMap ${namespace}/${name} ${hint}`, { cause: error });
    }
  }

  #dataOf(state: ScalingState, history: readonly HistoryEvent[]): Record<string, string> {
    const { commands, deadLetters, ...rest } = state;
    return {
      [this.#keys.commands]: linesOf(commands),
      [this.#keys.deadLetters]: linesOf(deadLetters),
      [this.#keys.events]: linesOf(history),
      [restKey]: JSON.stringify(rest),
    };
  }

  #parseOrTell(object: ConfigMap): StoredState {
    try {
      return this.#parse(object);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      const { message } = error;
      const since = Date.parse(object.metadata.creationTimestamp);
      const condition = { status: "False", reason: "StateUnreadable", message, since } as const;
      return { state: { ...emptyState, condition }, history: [], object, fault: message };
    }
  }

  #parse(object: ConfigMap): StoredState {
    const read = <T>(key: string, schema: z.ZodType<T>, absent: string): T =>
      parsed(object.data?.[key] ?? absent, schema, `ConfigMap ${this.#name()}: data.${key}`);
    const { deadLetters, commands, events } = this.#keys;
    const state = {
      ...read(restKey, stateRest, JSON.stringify(emptyState)),
      commands: read(commands, commandList, "[]"),
      deadLetters: read(deadLetters, commandList, "[]"),
    };
    return { state, history: read(events, historyList, "[]"), object };
  }

  #name(): string {
    return `${this.#keys.configMap.namespace}/${this.#keys.configMap.name}`;
  }
}

/** JSON, with a line for each item: people read it too. */
function linesOf(items: readonly object[]): string {
  return items.length === 0 ? "[]" : `[\n${items.map((item) => JSON.stringify(item)).join(",\n")}\n]`;
}

function parsed<T>(text: string, schema: z.ZodType<T>, where: string): T {
  const result = schema.safeParse(jsonOf(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new UnreadableError(
    `${where}${path && ` at ${path}`}: ${issue?.message ?? "is not what was written"}`,
  );
}

class UnreadableError extends Error {}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
