/** Who owns an object, as the garbage collector reads it. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Object metadata as the API server returns it; times are RFC 3339 strings, never `Date`. */
export interface ObjectMeta {
  name: string;
  /** Empty for cluster-scoped objects. */
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  /** When an object that is being deleted may be gone at the earliest: the end of its grace period. */
  deletionTimestamp?: string;
  /** 0 once nothing is waited for any more: for a Pod, its node has confirmed that it stopped. */
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

/** Any object the API server stores. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Name and, for namespaced kinds, namespace of one object. */
export interface ObjectRef {
  name: string;
  namespace?: string;
}

/** The metadata a caller may send; the server fills in the rest. */
export type ManifestMeta = Pick<ObjectMeta, "name"> &
  Partial<Pick<ObjectMeta, "namespace" | "labels" | "annotations" | "ownerReferences" | "finalizers">>;

/** What is sent to create or apply an object: everything but what the server or a controller fills in. */
export type Manifest<T extends KubeObject> = Omit<T, "metadata" | "status"> & { metadata: ManifestMeta };

/** The JSON shape of a generated type: the generated ones declare `Date` where the wire carries a string. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

/** A generated model as the API server returns it: JSON shape, complete metadata. */
export type Stored<T> = Omit<Wire<T>, "apiVersion" | "kind" | "metadata"> & KubeObject;

/** A kind of object and where the API server serves it; `T` is the shape of its objects. */
export interface Kind<T extends KubeObject = KubeObject> {
  /** `v1`, or `group/version`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** Lower-case plural, as in the URL. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Carries the type only; never set. */
  readonly objectType?: T;
}

/** Declares a kind. Namespaced unless said otherwise. */
export function defineKind<T extends KubeObject>(kind: {
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced?: boolean;
}): Kind<T> {
  return { namespaced: true, ...kind };
}

/** `namespace/name`, or the name alone for cluster-scoped objects: the key of stores and queues. */
export function keyOf(ref: ObjectRef): string {
  return ref.namespace ? `${ref.namespace}/${ref.name}` : ref.name;
}

/** The inverse of {@link keyOf}. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
