import type { NodeContext } from "../cluster/context.ts";
import { freePort } from "../cluster/ports.ts";
import { answersOk } from "../cluster/readiness.ts";
import { createDefinitions } from "../manifests/definitions.ts";
import type { ComponentSpec } from "../process/supervisor.ts";
import type { Provisioner } from "../provision/provisioner.ts";
import { pythonWheel } from "../provision/python-wheel.ts";
import { traefikDefinitionsStep } from "./definitions.ts";

/** A running Traefik, on loopback. */
export interface Traefik {
  /** `http://host:port` of its entry point, `web`. */
  url: string;
  /** `http://host:port` of its own API (`/api/http/routers` and so on). */
  apiUrl: string;
}

/** Where a Traefik listens: `host:port`, by the names of its entry points. */
export interface TraefikAddresses {
  web: string;
  /** HTTPS; none by default. */
  websecure?: string;
  api: string;
}

/**
 * Starts Traefik on this machine, with its kinds of `traefik.io` in the cluster: it serves every IngressRoute, and
 * reaches Pods of a real node by their own addresses.
 */
export async function startTraefik(context: NodeContext): Promise<Traefik> {
  const { provisioner, api } = context;
  const program = await provideTraefik(provisioner);
  const { paths } = await provisioner.provide(await traefikDefinitionsStep());
  const kubeconfigPath = api.adminKubeconfigPath;
  await createDefinitions(kubeconfigPath, paths.definitions);
  const [webPort, apiPort] = await Promise.all([freePort(), freePort()]);
  const addresses = { web: `127.0.0.1:${webPort}`, api: `127.0.0.1:${apiPort}` };
  await context.supervisor.start({
    ...traefikComponent({ program, kubeconfigPath, addresses }),
    port: webPort,
  });
  return { url: `http://${addresses.web}`, apiUrl: `http://${addresses.api}` };
}

/** The path of Traefik's program. */
export async function provideTraefik(provisioner: Provisioner): Promise<string> {
  const provides = { traefik: "{wheel}.data/scripts/traefik" };
  const step = await pythonWheel({ name: "traefik", tool: "traefik", provides });
  return (await provisioner.provide(step)).paths.traefik;
}

/** The process of a Traefik that serves IngressRoutes; `args` come after those that all have. */
export function traefikComponent(options: {
  program: string;
  kubeconfigPath: string;
  addresses: TraefikAddresses;
  args?: readonly string[];
}): ComponentSpec {
  const { program, kubeconfigPath, addresses, args = [] } = options;
  return {
    name: "traefik",
    command: program,
    args: [
      `--entrypoints.web.address=${addresses.web}`,
      ...(addresses.websecure === undefined
        ? []
        : [
            `--entrypoints.websecure.address=${addresses.websecure}`,
            "--entrypoints.websecure.http.tls=true",
          ]),
      // The name that Traefik itself gives to the entry point of its API and health.
      `--entrypoints.traefik.address=${addresses.api}`,
      "--api.insecure=true",
      "--api.dashboard=false",
      "--ping=true",
      "--providers.kubernetescrd=true",
      // Without it the names of two namespaces' routes can be the same.
      "--providers.kubernetescrd.safenaming=true",
      // A route whose target has no endpoint yet answers 503; without it, it is not there, and another may match.
      "--providers.kubernetescrd.allowemptyservices=true",
      // How long changes are gathered before they are in force; 2 s without it.
      "--providers.providersthrottleduration=100ms",
      "--global.checknewversion=false",
      "--global.sendanonymoususage=false",
      "--log.level=INFO",
      ...args,
    ],
    env: { KUBECONFIG: kubeconfigPath },
    graceful: false,
    ready: (signal) => answersOk(`http://${addresses.api}/ping`, { signal }),
  };
}
