/**
 * A process that writes for as long as it leads, and exits with 1 when it has lost its lease: for tests that pause
 * or kill one. Each write says when it was decided on. Arguments: kubeconfig, namespace, name of the lease, timing as JSON.
 */
import { randomBytes } from "node:crypto";
import { LeaderElector, type ElectionTiming } from "../src/controller/leader-election.ts";
import { kubeLease } from "../src/controller/lease.ts";
import { loadAccess } from "../src/kube/access.ts";
import { ConfigMap } from "../src/kube/kinds.ts";
import { RestClient } from "../src/kube/rest.ts";

const [kubeconfigPath = "", namespace = "", name = "", timing = ""] = process.argv.slice(2);

const client = new RestClient({
  access: loadAccess({ kubeconfigPath }),
  userAgent: "election-test",
  fieldManager: "election-test",
});

/** As busy as can be: a write is always under way, and the next one follows its answer at once. */
async function writeWhile(leading: AbortSignal): Promise<void> {
  const kube = client.bindTo(leading);
  while (!leading.aborted) {
    const metadata = { namespace, name: `w-${randomBytes(8).toString("hex")}` };
    const data = { decidedAtMs: String(Date.now()) };
    await kube.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
  }
}

const elector = new LeaderElector({
  lease: kubeLease(client.lane(), { namespace, name }),
  identity: `process-${process.pid}`,
  timing: JSON.parse(timing) as ElectionTiming,
});
const end = await elector.run(new AbortController().signal, async ({ signal }) => {
  await Promise.all([writeWhile(signal), writeWhile(signal), writeWhile(signal)]);
});
process.exit(end === "lost" ? 1 : 0);
