import { backoffMs } from "@datalayer/shared/clock/backoff";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { AskedLook, Image } from "@datalayer/shared/crds/image";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { type Fault, FaultError } from "../image/fault.ts";
import { wish } from "../image/names.ts";
import { timestamp } from "../image/timestamp.ts";
import { type Target, type TargetPolicy, targetOf } from "../image/target.ts";
import { intervalsOf } from "./intervals.ts";
import type { Known, Resolved, Resolver } from "./resolver.ts";
import { type ImageSecrets, readSecrets } from "./secrets.ts";

/** What was found of an Image outside of the cluster, as far as it went. */
export interface Look {
  target?: Target;
  secrets?: ImageSecrets;
  resolved?: Resolved;
  /** Why it went no further. */
  fault?: Fault;
  /** When it is looked at again, on the monotonic clock; `Infinity` for never. */
  dueAtMs: number;
  /** The same as others read it; undefined for never. */
  dueAt?: string;
}

/** With what Images are looked at. */
export interface LooksOptions {
  resolver: Resolver;
  policy: TargetPolicy;
  defaultPushSecret: string;
  clock: Clock;
  /** Uniform in [0, 1); `Math.random` by default. */
  random?: () => number;
}

interface Memory {
  /** Of what the answer depends on. */
  key: string;
  look: Look;
  seen: Known;
  sourceAtMs: number;
  basesAtMs: number;
  failures: number;
}

/** What need not be asked again yet, and since when it is known. */
interface StillGood {
  seen: Known;
  at: Pick<Memory, "sourceAtMs" | "basesAtMs">;
}

const passingBackoff = { firstMs: 5_000, longestMs: 300_000 };
/** What somebody else has to put right, such as a Secret, is looked at again without a word from them. */
const lastingRetryMs = 60_000;
/** Images that were created together are not looked at together for ever. */
const jitterShare = 0.2;

/**
 * Looks at sources, base images and Secrets, each as often as its Image says. Remembers what it saw, so that most
 * reconciles ask nobody; it can lose its memory at any time.
 */
export class Looks {
  readonly #options: LooksOptions;
  /** By UID. */
  readonly #memories = new Map<string, Memory>();

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  /** What is known of an Image, looked at anew where that is due. */
  async at(
    image: Image,
    { kube, signal }: { kube: Pick<RestClient, "get">; signal: AbortSignal },
  ): Promise<Look> {
    const { uid } = image.metadata;
    const key = keyOf(askedOf(image));
    const before = this.#memories.get(uid);
    const memory = before?.key === key ? before : undefined;
    const nowMs = this.#options.clock.monotonicMs();
    const remembered = memory?.seen ?? (before ? {} : fromStatus(image));
    if (memory && nowMs < memory.look.dueAtMs) return memory.look;
    const next = await this.#look(image, { key, memory, remembered, nowMs, kube, signal });
    const { look } = next;
    if (look.dueAtMs < Infinity) look.dueAt = timestamp(this.#options.clock.now() + look.dueAtMs - nowMs);
    this.#memories.set(uid, next);
    return next.look;
  }

  /** The Image is gone. */
  forget(uid: string): void {
    this.#memories.delete(uid);
  }

  async #look(
    image: Image,
    asked: {
      key: string;
      memory: Memory | undefined;
      remembered: Known;
      nowMs: number;
      kube: Pick<RestClient, "get">;
      signal: AbortSignal;
    },
  ): Promise<Memory> {
    const { key, memory, remembered, nowMs, kube, signal } = asked;
    const { resolver, policy, defaultPushSecret } = this.#options;
    const look: Look = { dueAtMs: Infinity };
    const known = memory ? this.#stillGood(image, memory, nowMs) : newlyKnown(remembered, nowMs);
    // What was due is not known, if it cannot be seen now: it is asked again at the next try.
    const next: Memory = { key, look, seen: known.seen, ...known.at, failures: 0 };
    try {
      const target = (look.target = targetOf(image, policy));
      const { host } = target.repository;
      const secrets = (look.secrets = await readSecrets(image, { host, defaultPushSecret, kube }));
      const answer = await resolver.resolve({ image, target, secrets, known: known.seen, signal });
      look.resolved = answer.resolved;
      next.seen = answer.seen;
      look.dueAtMs = this.#dueAtMs(image, next);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      look.fault = error.fault;
      next.failures = (memory?.failures ?? 0) + 1;
      look.dueAtMs = nowMs + this.#retryMs(error.fault, next.failures);
    }
    return next;
  }

  #stillGood(image: Image, memory: Memory, nowMs: number): StillGood {
    const { source, bases } = intervalsOf(image);
    const { seen, sourceAtMs, basesAtMs } = memory;
    // What is due within the jitter of the other is asked along with it.
    const isGood = (atMs: number, intervalMs: number): boolean =>
      nowMs - atMs < intervalMs * (1 - jitterShare);
    const isSourceGood = seen.source !== undefined && isGood(sourceAtMs, source);
    const areBasesGood = seen.bases !== undefined && isGood(basesAtMs, bases);
    return {
      seen: {
        ...(isSourceGood && { source: seen.source }),
        ...(seen.git && { git: seen.git }),
        ...(seen.revision !== undefined && { revision: seen.revision }),
        ...(areBasesGood && { bases: seen.bases }),
      },
      at: {
        sourceAtMs: isSourceGood ? sourceAtMs : nowMs,
        basesAtMs: areBasesGood ? basesAtMs : nowMs,
      },
    };
  }

  #dueAtMs(image: Image, { seen, sourceAtMs, basesAtMs }: Memory): number {
    const { source, bases } = intervalsOf(image);
    const canChange = seen.bases?.some(({ name }) => !name.includes("@")) ?? false;
    const { random = Math.random } = this.#options;
    const share = 1 - jitterShare * random();
    return Math.min(sourceAtMs + source * share, canChange ? basesAtMs + bases * share : Infinity);
  }

  #retryMs({ isPassing, retryAfterMs }: Fault, failures: number): number {
    if (!isPassing) return lastingRetryMs;
    const { random = Math.random } = this.#options;
    return retryAfterMs ?? passingBackoff.firstMs + backoffMs(failures, passingBackoff, random);
  }
}

function newlyKnown(seen: Known, nowMs: number): StillGood {
  return { seen, at: { sourceAtMs: nowMs, basesAtMs: nowMs } };
}

/**
 * What is never asked again is as the status says, also after a restart: unless somebody has asked for a look since, such
 * as a webhook that was answered and whose call nobody repeats.
 */
function fromStatus(image: Image): Known {
  const { status } = image;
  if (!status?.lookedFor || keyOf(status.lookedFor) !== keyOf(askedOf(image))) return {};
  const { source, bases } = intervalsOf(image);
  const { revision } = status.source ?? {};
  const pinned = (status.baseImages ?? []).map(({ reference, digest }) => ({ name: reference, digest }));
  return {
    ...(source === Infinity && revision !== undefined && { revision }),
    ...(bases === Infinity && { bases: pinned }),
  };
}

/** What is asked for: as long as it is the same, what was seen is good for its time. */
export function askedOf({ metadata: { generation, annotations } }: Image): AskedLook {
  return { generation, nonce: annotations?.[wish.nonce], lookAfter: annotations?.[wish.lookAfter] };
}

function keyOf({ generation, nonce, lookAfter }: AskedLook): string {
  return JSON.stringify([generation, nonce, lookAfter]);
}
