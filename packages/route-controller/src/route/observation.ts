import type { Certificate } from "@datalayer/shared/crds/cert-manager";
import type { Route } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { ResolvedRoute, Translation } from "../backends/backend.ts";
import type { Refusal } from "./class-policy.ts";
import type { Claimant } from "./conflicts.ts";
import type { FoundPods, FoundService } from "./references.ts";
import type { Surroundings } from "./spec-fault.ts";

/** Makes objects of a Route for the data plane of one class; or says why that has none at present. */
export type Translate = ((route: ResolvedRoute) => Translation) | { refusal: Refusal };

/** What is known of a Route at one moment. */
export interface RouteObservation extends Surroundings {
  readonly route: Route;
  readonly routeClass: RouteClass | undefined;
  /** Whoever asks for the same requests, by `claimKeyOf`. */
  readonly claimants: ReadonlyMap<string, readonly Claimant[]>;
  /** Routes of the same data plane with which it might not be able to share connections. */
  readonly sharers: readonly Route[];
  readonly services: readonly FoundService[];
  readonly pods: readonly FoundPods[];
  /** How to make objects of it; undefined without a class. */
  readonly translate: Translate | undefined;
  /** Whether the API server serves cert-manager's kinds. */
  readonly hasCertManager: boolean;
  /** The Certificate that was made for it. */
  readonly certificate: Certificate | undefined;
  /** Everything that was made of it, whenever. */
  readonly made: readonly KubeObject[];
}
