/** Value of the `app` and `datalayer.io/app` labels of every runtime Pod. */
export const runtimeApp = "runtime-pools";

/** Label with the pool of a runtime; a hash of it where it is too long for a label. */
export const poolLabel = "runtime-pools.datalayer.io/name";

/** Annotation with the name of the pool in full. */
export const poolAnnotation = "runtime-pools.datalayer.io/pool";

/** The port of the Jupyter server in a runtime Pod. */
export const jupyterPort = 2300;

const podNamePrefix = "runtime-";

/** Name of the runtime Pod of a ulid. */
export function podNameOf(ulid: string): string {
  return `${podNamePrefix}${ulid}`;
}

/** The ulid in the name of a runtime Pod; undefined when the Pod is none. */
export function ulidOf(podName: string): string | undefined {
  return podName.startsWith(podNamePrefix) ? podName.slice(podNamePrefix.length) : undefined;
}
