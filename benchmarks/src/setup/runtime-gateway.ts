import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { addPodAddress } from "@datalayer/devcluster/pod-address";
import { Pod } from "@datalayer/shared/kube/kinds";
import { jupyterPort, podNameOf, poolAnnotation, runtimeApp } from "@datalayer/shared/runtime/names";
import { routeControllerArgs } from "@datalayer/tools/start/controller";
import { namespace } from "./bench-cluster.ts";
import { ControllerProcess, newApiKey } from "./controller-process.ts";
import type { RouteStage } from "./route-stage.ts";

const gatewayAccount = "datalayer-runtime-gateway-sa";
/** What answers: a process of its own, so that it shares no event loop with what asks. */
const server = `require("node:http").createServer((_, response) => {
  response.setHeader("content-length", 2);
  response.end("ok");
}).listen(Number(process.argv[1]), process.argv[2]);`;

/** Ends something that was started. */
export type Stop = () => Promise<void>;

/** Starts what answers as a runtime would; resolves with its address. */
export async function startRuntime(stops: Stop[]): Promise<string> {
  const { address, remove } = await addPodAddress();
  stops.push(remove);
  startNode(["-e", server, String(jupyterPort), address], stops);
  return address;
}

/** Starts a replica of the gateway. */
export async function launchGateway(
  { kubeconfigOf }: RouteStage,
  settings: Readonly<Record<string, string>>,
): Promise<ControllerProcess> {
  return ControllerProcess.start({
    name: "bench-gateway",
    kubeconfig: await kubeconfigOf(gatewayAccount),
    apiKey: newApiKey(),
    args: [...routeControllerArgs, "gateway"],
    settings: {
      DATALAYER_WATCH_NAMESPACES: namespace,
      DATALAYER_GATEWAY_DRAIN_DELAY: "0s",
      ...settings,
    },
  });
}

/** Creates the Pod of a runtime, which is not ready. */
export async function createRuntime(
  { admin }: RouteStage,
  { pool, ulid }: { pool: string; ulid: string },
): Promise<{ pod: Pod; remove: Stop }> {
  const metadata = {
    namespace,
    name: podNameOf(ulid),
    labels: { app: runtimeApp },
    annotations: { [poolAnnotation]: pool },
  };
  const spec = { containers: [{ name: "main", image: "none" }] };
  const pod = await admin.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec });
  const remove = async (): Promise<void> => {
    await admin.delete(Pod, metadata, { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
  };
  return { pod, remove };
}

/** Reports the Pod as ready at an address: what kubelet does. */
export async function makeReady({ admin }: RouteStage, { metadata }: Pod, podIP: string): Promise<void> {
  const conditions = [{ type: "Ready", status: "True" }];
  const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions };
  await admin.patch(Pod, metadata, [{ op: "add", path: "/status", value: status }], {
    subresource: "status",
  });
}

/** Starts a Node process that does not outlive the bench, however that one ends. */
export function startNode(args: readonly string[], stops: Stop[]): void {
  const command = ["--pdeathsig", "KILL", process.execPath, ...args];
  const child: ChildProcess = spawn("setpriv", command, { stdio: ["ignore", "ignore", "inherit"] });
  const exited = once(child, "exit");
  stops.push(async () => {
    child.kill();
    await exited;
  });
}
