import type { ClusterState } from "../process/state.ts";

/**
 * Who asked for what, without bodies. The controllers of Kubernetes itself are left out, which have accounts too. A
 * request is told of once it is answered; a watch, which is answered for as long as it lasts, when it begins as well.
 */
const policy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    { level: "None", userGroups: ["system:serviceaccounts:kube-system"] },
    { level: "Metadata", userGroups: ["system:serviceaccounts"] },
  ],
};

/** The file that the API server of a cluster writes its audit log to. */
export function auditLogPath(state: ClusterState): string {
  return state.logPath("audit");
}

/** Writes the audit policy, and answers with the arguments of an API server that follows it. */
export async function auditArgs(state: ClusterState): Promise<string[]> {
  const policyPath = await state.writeFile("audit-policy.json", JSON.stringify(policy));
  return [
    `--audit-policy-file=${policyPath}`,
    `--audit-log-path=${auditLogPath(state)}`,
    // What has been answered is in the file; the default would buffer it.
    "--audit-log-mode=blocking-strict",
    // One file, however long; the default of its writer is a new one every 100 MB.
    "--audit-log-maxsize=10000",
  ];
}
