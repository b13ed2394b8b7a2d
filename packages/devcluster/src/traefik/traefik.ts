import type { NodeContext } from "../cluster/context.ts";
import { freePort } from "../cluster/ports.ts";
import { answersOk } from "../cluster/readiness.ts";
import { pythonWheel } from "../provision/python-wheel.ts";
import { createDefinitions, traefikCrdsStep } from "./crds.ts";

/** A running Traefik, on loopback. */
export interface Traefik {
  /** `http://host:port` of its entry point, `web`. */
  url: string;
  /** `http://host:port` of its own API (`/api/http/routers` and so on). */
  apiUrl: string;
}

/**
 * Starts Traefik on this machine, with its kinds of `traefik.io` in the cluster: it serves every IngressRoute, and
 * reaches Pods of a real node by their own addresses.
 */
export async function startTraefik(context: NodeContext): Promise<Traefik> {
  const { provisioner, searchPath, api } = context;
  const { paths } = await provisioner.provide(await traefikStep(searchPath));
  const crds = await provisioner.provide(await traefikCrdsStep());
  await createDefinitions(api, crds.paths.definitions);
  const [webPort, apiPort] = await Promise.all([freePort(), freePort()]);
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  await context.supervisor.start({
    name: "traefik",
    command: paths.traefik,
    args: [
      `--entrypoints.web.address=127.0.0.1:${webPort}`,
      // The name that Traefik itself gives to the entry point of its API and health.
      `--entrypoints.traefik.address=127.0.0.1:${apiPort}`,
      "--api.insecure=true",
      "--api.dashboard=false",
      "--ping=true",
      "--providers.kubernetescrd=true",
      // Without it the names of two namespaces' routes can be the same.
      "--providers.kubernetescrd.safenaming=true",
      "--global.checknewversion=false",
      "--global.sendanonymoususage=false",
      "--log.level=INFO",
    ],
    env: { KUBECONFIG: api.adminKubeconfigPath },
    port: webPort,
    graceful: false,
    ready: (signal) => answersOk(`${apiUrl}/ping`, { signal }),
  });
  return { url: `http://127.0.0.1:${webPort}`, apiUrl };
}

function traefikStep(searchPath: readonly string[]) {
  const provides = { traefik: "{wheel}.data/scripts/traefik" };
  return pythonWheel({ name: "traefik", tool: "traefik", provides }, searchPath);
}
