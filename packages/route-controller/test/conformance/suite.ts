import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setInterval } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { startTraefik, traefikPorts } from "@datalayer/devcluster/testkit/traefik";
import { GatewayClass } from "@datalayer/shared/crds/gateway-api";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { Namespace, Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { routeClassManifest } from "../builders.ts";
import { startHarness } from "../harness.ts";
import { launchReplica } from "../test-replica.ts";
import { runPod } from "./echo-pods.ts";
import { writeEndpoints } from "./endpoints.ts";
import { importOnce, type ImporterOptions } from "./importer.ts";
import { controllerName } from "./statuses.ts";

/** The namespaces of the conformance tests. */
const namespaces = ["infra", "app-backend", "web-backend"].map((name) => `gateway-conformance-${name}`);
const tool = fileURLToPath(new URL("../../../../tools/gateway-conformance", import.meta.url));
const reports = fileURLToPath(new URL("../../reports", import.meta.url));
const host = "all-hosts.conformance.test";
const pollMs = 200;
/** What the tests say, for whoever wants to know why one fails. */
const logPath = join(reports, "conformance.log");

/** What came of one conformance test. */
export interface Verdict {
  name: string;
  passed: boolean;
}

/** Makes a cluster ready for the conformance tests: Traefik, the route-controller, and the importer before it. */
export async function startConformance(): Promise<(pattern: string) => Promise<Verdict[]>> {
  const harness = await startHarness();
  const { admin, className, kubeconfigPath, proxy } = harness;
  for (const name of namespaces)
    await admin.apply(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const traefik = await startTraefik({ kubeconfigPath, namespaces });
  const api = traefik.apiUrl;
  const traefikSpec = { urls: { api, http: traefik.url, https: traefik.secureUrl } };
  const routeClass = await admin.create(RouteClass, routeClassManifest(className, { traefik: traefikSpec }));
  const gatewayClass = await admin.create(GatewayClass, {
    apiVersion: GatewayClass.apiVersion,
    kind: GatewayClass.kind,
    metadata: { name: className },
    spec: { controllerName },
  });
  afterFile(async () => {
    await admin.delete(RouteClass, { name: className }, { uid: routeClass.metadata.uid });
    await admin.delete(GatewayClass, { name: className }, { uid: gatewayClass.metadata.uid });
  });
  // The rights of the controller are no matter here: it has all.
  const link = await proxy.client("conformance");
  const settings = { DATALAYER_WATCH_NAMESPACES: namespaces.join(","), POD_NAMESPACE: harness.namespace };
  harness.replicas.push(launchReplica({ link, namespaces, settings }));

  work(admin, {
    admin,
    address: traefik.address,
    gatewayClassName: className,
    routeClassName: className,
    host,
  });
  return (pattern) => runSuite(pattern, { kubeconfigPath, className, address: traefik.address });
}

/** Imports and plays the kubelet until the test file ends. */
function work(admin: RestClient, options: ImporterOptions): void {
  const ended = new AbortController();
  const started = new Set<string>();
  const written = new Map<string, string>();
  const round = async (): Promise<void> => {
    for (const namespace of namespaces) {
      const { items } = await admin.list(Pod, { namespace });
      for (const pod of items.filter(({ metadata }) => !started.has(metadata.uid))) {
        started.add(pod.metadata.uid);
        await runPod(admin, pod);
      }
      await writeEndpoints(admin, namespace, { pods: items, written });
    }
    await importOnce(options);
  };
  const working = (async () => {
    for await (const play of setInterval(pollMs, round)) {
      if (ended.signal.aborted) break;
      await play().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    }
  })();
  afterFile(async () => {
    ended.abort();
    await working;
  });
}

/** Builds the program: Go knows what of it is built already. */
async function built(): Promise<string> {
  await mkdir(reports, { recursive: true });
  const program = join(reports, "gateway-conformance");
  await promisify(execFile)(
    "go",
    ["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", program, "."],
    {
      cwd: tool,
    },
  );
  return program;
}

async function runSuite(
  pattern: string,
  at: { kubeconfigPath: string; className: string; address: string },
): Promise<Verdict[]> {
  const { web, websecure } = traefikPorts;
  const program = await built();
  const args = [
    [`-address=${at.address}`, `-http=${web}`, `-https=${websecure}`, `-host=${host}`, `-tests=${pattern}`],
    [`-gateway-class=${at.className}`, "-test.v"],
  ].flat();

  const child = spawn(program, args, {
    env: { KUBECONFIG: at.kubeconfigPath },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const log = createWriteStream(logPath);
  const verdicts: Verdict[] = [];
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    log.write(`${line}
`);
    const [, outcome, name] = /^ {4}--- (PASS|FAIL): Conformance\/(\w+) /.exec(line) ?? [];
    if (name !== undefined) verdicts.push({ name, passed: outcome === "PASS" });
  }
  await exited;
  log.end();
  return verdicts;
}
