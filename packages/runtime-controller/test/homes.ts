import { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import { podNameOf } from "@datalayer/shared/runtime/names";
import { type Home, parseHome } from "../src/pause/home.ts";
import { homeClaimNameOf } from "../src/pause/names.ts";
import { recordOf } from "../src/pause/record.ts";
import type { Assignment } from "../src/runtime/runtime.ts";
import { createdAt } from "./pool-objects.ts";

/** A home as the API server stores it, read. */
export function storedHome(traits: {
  ulid: string;
  assignment: Assignment;
  state: Home["state"];
  lastPod: string;
  pausedAt?: number;
  /** Name of the claim. Default: that of a home of its own. */
  claim?: string;
}): Home {
  const name = podNameOf(traits.ulid);
  const runtime = { name, pool: "python-simple-pool", environment: "python-simple-env", tokenKeyId: "key-1" };
  const claim: PersistentVolumeClaim = {
    apiVersion: PersistentVolumeClaim.apiVersion,
    kind: PersistentVolumeClaim.kind,
    metadata: {
      name: traits.claim ?? homeClaimNameOf(name),
      namespace: "datalayer-runtimes",
      uid: "uid-of-home",
      resourceVersion: "1",
      creationTimestamp: createdAt,
      ...recordOf({ ...runtime, assignment: traits.assignment }, traits),
    },
  };
  return parseHome(claim)!;
}
