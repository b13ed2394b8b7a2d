import type { DevCluster } from "@datalayer/devcluster/cluster";
import { UserError } from "@datalayer/devcluster/errors";
import { Interrupted } from "@datalayer/devcluster/signals";
import type { Proof } from "./journey.ts";

/** The proof as one JSON line. */
export function proofLine({ answer, nodes, warmMs, claimMs }: Proof): string {
  return `${JSON.stringify({ ok: true, answer, nodes, warmMs, claimMs })}\n`;
}

/** A failure as one JSON line. */
export function failureLine(reason: string): string {
  return `${JSON.stringify({ ok: false, reason })}\n`;
}

/** Writes the first line that it is given and no other: who reads JSON gets one line, whatever comes after it. */
export function onlyFirst(write: (line: string) => void): (line: string) => void {
  let isWritten = false;
  return (line) => {
    if (!isWritten) write(line);
    isWritten = true;
  };
}

/** Why it failed: one line for what the reader can correct or wanted, a stack for what is a mistake of ours. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [error.message, ...error.errors.map(reasonOf)].join("\n");
  if (error instanceof UserError || error instanceof Interrupted) return error.message;
  return String(error instanceof Error ? error.stack : error);
}

/** What the reader sees after the proof: the answer, the way in, and what to try next. */
export function afterwards(proof: Proof, cluster: DevCluster, { stays }: { stays: boolean }): string {
  const { claimMs, warmMs, apiUrl, apiKeyPath } = proof;
  const lines = [
    "",
    `  The pool was warm after ${(warmMs / 1000).toFixed(1)} s. A runtime was assigned in ${claimMs} ms.`,
    ...saidBy(proof),
    ...(stays ? nextSteps({ cluster, apiUrl, apiKeyPath }) : []),
    "",
  ];
  return lines.join("\n");
}

function saidBy({ answer, runtime }: Proof): string[] {
  if (answer === null) return ["  The nodes are fake, so there is no kernel to ask."];
  return [
    `  A cell ran in it: 6 * 7 = ${answer}`,
    "",
    `  Open it:  ${runtime.ingress}/?token=${runtime.token}`,
  ];
}

function nextSteps(options: { cluster: DevCluster; apiUrl: string; apiKeyPath: string }): string[] {
  const { cluster, apiUrl, apiKeyPath } = options;
  const env = cluster.env();
  return [
    "",
    "  Try next, in another terminal:",
    `    export KUBECONFIG=${env["KUBECONFIG"] ?? ""} PATH="${cluster.programDirs.join(":")}:$PATH"`,
    "    kubectl get runtime-pools,pods -n datalayer-runtimes -L runtime-pools.datalayer.io/pod-status",
    "    kubectl scale runtime-pool/python-simple-pool --replicas=5 -n datalayer-runtimes",
    "    kubectl explain runtime-pools.spec",
    `    curl -H "X-API-Key: $(cat ${apiKeyPath})" -H 'Content-Type: application/json' \\`,
    `      -d '{"environment_name":"python-simple-env","user_uid":"me"}' ${apiUrl}/v1/runtimes`,
    "",
    "  Ctrl-C removes everything.",
  ];
}
