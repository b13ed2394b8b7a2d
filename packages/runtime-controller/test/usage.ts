import type { ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import type { UsageRecord } from "../src/end-of-life/usage-record.ts";
import { usageFinalizer } from "../src/runtime/names.ts";

/** The write by which the leader lets a runtime go once its usage is recorded: for faults. */
export const lettingGo = (name: string) =>
  ({ client: "leader", verb: "patch", resource: "pods", name, where: removesFinalizer }) as const;

function removesFinalizer({ body = "" }: ProxiedRequest): boolean {
  return body.includes('"remove"') && body.includes(usageFinalizer);
}

/** A usage record; every field can be overridden. */
export function usage(id: string, fields: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id,
    pod_name: `runtime-${id}`,
    uid: id,
    namespace: "datalayer-runtimes",
    environment_name: "python-simple-env",
    pool_name: "python-simple-pool",
    type: "notebook",
    user_uid: "user-1",
    reservation_id: null,
    started_at: "1800000000",
    ended_at: "1800000060",
    seconds: 60,
    burning_rate: 0.5,
    credits: 30,
    reason: "Deleted",
    reason_detail: null,
    ...fields,
  };
}
