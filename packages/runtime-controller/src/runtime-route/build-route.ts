import { createHash } from "node:crypto";
import { Route } from "@datalayer/shared/crds/route";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest, OwnerReference } from "@datalayer/shared/kube/object";
import { basePathOf, poolPathOf } from "@datalayer/shared/runtime/base-path";
import { jupyterPort, runtimeApp } from "@datalayer/shared/runtime/names";
import { labelValueOf } from "../runtime/label-value.ts";
import { annotation, label } from "../runtime/names.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What runtimes are routed with. */
export interface RouteSettings {
  /** One Route for each runtime, one for each pool, or none. */
  shape: "runtime" | "pool" | "none";
  /** Under which users reach runtimes. */
  host: string;
  /** Absent for plain HTTP; without Secret and issuer, that of the class makes a certificate. */
  tls?: { secretName?: string; issuerRef?: { name: string; kind: "ClusterIssuer" } };
  routeClassName: string;
  /** How long a runtime that is ready waits for its Route before it is offered all the same; Infinity for ever. */
  waitMs: number;
}

/** The Route of one runtime: its path leads to its Pod, and to no other of that name. */
export function buildRuntimeRoute(runtime: Runtime, settings: RouteSettings): Manifest<Route> {
  const { name, namespace, uid } = runtime;
  return buildRoute(settings, {
    name: runtimeRouteNameOf(runtime),
    namespace,
    pool: runtime.pool,
    owner: { apiVersion: Pod.apiVersion, kind: Pod.kind, name, uid },
    path: basePathOf(runtime),
    refuses: { path: `${basePathOf(runtime)}/api/kernels` },
    target: { pod: { name } },
  });
}

/** The Route of all runtimes of a pool: the gateway finds the runtime by the segment that follows. */
export function buildPoolRoute(pool: RuntimePool, settings: RouteSettings): Manifest<Route> {
  const { name, namespace, uid } = pool.metadata;
  return buildRoute(settings, {
    name: poolRouteNameOf(pool),
    namespace,
    pool: name,
    owner: { apiVersion: RuntimePool.apiVersion, kind: RuntimePool.kind, name, uid },
    path: poolPathOf(name),
    // The gateway refuses its path, as it names no runtime: which one to ask nobody knows before.
    refuses: {},
    target: { runtime: { pool: name } },
  });
}

/** Name of the Route of a runtime. */
export function runtimeRouteNameOf({ name }: Pick<Runtime, "name">): string {
  return name;
}

/** Name of the Route of a pool: of this very pool, and none that somebody else would choose. */
export function poolRouteNameOf({ metadata }: RuntimePool): string {
  return `pool-${createHash("sha256").update(metadata.uid).digest("hex").slice(0, 16)}`;
}

interface RouteParts {
  name: string;
  namespace?: string;
  pool: string;
  owner: OwnerReference;
  path: string;
  /** What is refused without a token; its own path by default. */
  refuses: { path?: string };
  target: { pod: { name: string } } | { runtime: { pool: string } };
}

function buildRoute(settings: RouteSettings, parts: RouteParts): Manifest<Route> {
  const { name, namespace, pool, owner, path, refuses, target } = parts;
  const { routeClassName, host, tls } = settings;
  return {
    apiVersion: Route.apiVersion,
    kind: Route.kind,
    metadata: {
      name,
      namespace,
      labels: { [label.app]: runtimeApp, [label.pool]: labelValueOf(pool) },
      annotations: { [annotation.pool]: pool },
      ownerReferences: [owner],
    },
    spec: {
      routeClassName,
      hosts: [host],
      ...(tls && { tls }),
      // Jupyter asks for the token of the runtime.
      auth: { target: refuses },
      rules: [
        {
          matches: [{ path: { type: "Prefix", value: path } }],
          targets: [{ ...target, port: jupyterPort }],
        },
      ],
    },
  };
}
