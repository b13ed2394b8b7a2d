import { isIP } from "node:net";
import { isForbiddenAddress } from "@datalayer/shared/http/forbidden-address";
import type { Pod } from "@datalayer/shared/kube/kinds";
import { poolAnnotation, ulidOf } from "@datalayer/shared/runtime/names";

/** What the gateway reads of the Pod of a runtime. */
export interface RuntimePod {
  uid: string;
  namespace: string;
  ulid: string;
  pool: string;
  /** RFC 3339. */
  createdAt: string;
  /** Its address; absent before it has one that a Pod may have. */
  address?: string;
  /** It takes requests; never again once it terminates. */
  ready: boolean;
  /** Its containers have stopped: somebody else may get its address at any time. */
  ended: boolean;
}

/** Reads the Pod of a runtime; undefined when it is none. */
export function parseRuntimePod(pod: Pod): RuntimePod | undefined {
  const { uid, namespace = "", name, creationTimestamp, annotations } = pod.metadata;
  const ulid = ulidOf(name);
  const pool = annotations?.[poolAnnotation];
  if (ulid === undefined || pool === undefined) return undefined;
  const address = addressOf(pod);
  const ready = address !== undefined && isReady(pod);
  return { uid, namespace, ulid, pool, createdAt: creationTimestamp, address, ready, ended: hasEnded(pod) };
}

/** Takes out of a cached Pod, in place, what {@link parseRuntimePod} does not read. */
export function trimRuntimePod(pod: Pod): void {
  const { metadata, spec, status } = pod;
  const pool = metadata.annotations?.[poolAnnotation];
  metadata.annotations = pool === undefined ? {} : { [poolAnnotation]: pool };
  metadata.labels = undefined;
  metadata.ownerReferences = undefined;
  if (spec) pod.spec = { containers: [], hostNetwork: spec.hostNetwork };
  if (!status) return;
  const { phase, podIP, conditions } = status;
  pod.status = { phase, podIP, conditions: conditions?.filter(({ type }) => type === "Ready") };
}

function addressOf({ spec, status }: Pod): string | undefined {
  const ip = status?.podIP;
  return spec?.hostNetwork !== true && isPodAddress(ip) ? ip : undefined;
}

function isReady({ metadata, status }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const runs = ready?.status === "True" && status?.phase === "Running";
  return runs && metadata.deletionTimestamp === undefined;
}

/** With a finalizer the object stays: then its phase says so, or the node, which has the grace period set to 0. */
function hasEnded({ metadata, status }: Pod): boolean {
  const stopped = status?.phase === "Failed" || status?.phase === "Succeeded";
  return stopped || (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0);
}

function isPodAddress(ip: string | undefined): ip is string {
  return ip !== undefined && isIP(ip) !== 0 && !isForbiddenAddress(ip);
}
