import type { Secret } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { isSecretKey, MASK, Redactor } from "@datalayer/shared/log/redaction";

/** Below this a value may be a word like any other, which it would hide everywhere. */
const SHORTEST_VALUE = 6;

/** Holds the whole object again, as one text. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Masks every value of these Secrets wherever it stands, and credentials that give themselves away. */
export function redactorOf(secrets: readonly Secret[]): Redactor {
  const redactor = new Redactor();
  for (const { type, data = {} } of secrets) {
    // Helm's records are long; what is secret in them is in a Secret of its own too.
    if (type === "helm.sh/release.v1") continue;
    for (const value of Object.values(data)) {
      const text = Buffer.from(value, "base64").toString("utf8").trim();
      if (text.length >= SHORTEST_VALUE) redactor.add(text);
    }
  }
  return redactor;
}

/** Of a Secret, what is no secret. */
export function secretOutline({ metadata, type, data = {} }: Secret): object {
  const { name, namespace, creationTimestamp, labels, annotations, ownerReferences } = metadata;
  const kept = {
    name,
    namespace,
    creationTimestamp,
    labels,
    annotations: withoutCopy(annotations),
    ownerReferences,
  };
  return { kind: "Secret", metadata: kept, type, keys: Object.keys(data) };
}

/** An object with what its fields and variables call a secret masked; pure. */
export function withoutSecrets(object: KubeObject): unknown {
  const { metadata } = object;
  return masked({ ...object, metadata: { ...metadata, annotations: withoutCopy(metadata.annotations) } });
}

/** Any data with what its keys call a secret masked; pure. */
export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  if (isSecretVariable(value)) return { ...value, value: MASK };
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      typeof one === "string" && one !== "" && isSecretKey(key) ? MASK : masked(one),
    ]),
  );
}

/** A variable as containers have it: its name tells. */
function isSecretVariable(value: object): boolean {
  const { name, value: text } = value as { name?: unknown; value?: unknown };
  return typeof name === "string" && typeof text === "string" && text !== "" && isSecretKey(name);
}

function withoutCopy(annotations: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== lastApplied));
}
