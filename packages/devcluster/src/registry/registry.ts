import { stringify } from "yaml";
import type { ClusterContext } from "../cluster/context.ts";
import { freePort } from "../cluster/ports.ts";
import { answersOk } from "../cluster/readiness.ts";
import type { LocalImage } from "../images/images.ts";
import { debianPackages } from "../provision/debian.ts";
import { seedRegistry } from "./seed.ts";

/** How a registry is set up. */
export interface RegistryOptions {
  /** The address it listens on. Default: loopback, which Pods of a real node cannot reach. */
  address?: string;
  /** What it holds from its start. Default: nothing. */
  images?: readonly LocalImage[];
}

/** Starts an image registry (plain HTTP, no login) for this cluster alone, and returns its `host:port`. */
export async function startRegistry(context: ClusterContext, options: RegistryOptions = {}): Promise<string> {
  const { address = "127.0.0.1", images = [] } = options;
  const { paths } = await context.provisioner.provide(await registryStep());
  const storageDir = await context.state.makeDir("registry", "storage");
  for (const image of images) {
    await seedRegistry(storageDir, image);
  }
  const port = await freePort(address);
  const host = `${address}:${port}`;
  const configPath = await context.state.writeFile("registry/config.yml", configText(host, storageDir));
  await context.supervisor.start({
    name: "registry",
    command: paths["docker-registry"],
    args: ["serve", configPath],
    port,
    graceful: false,
    ready: (signal) => answersOk(`http://${host}/v2/`, { signal }),
  });
  return host;
}

function registryStep() {
  return debianPackages({
    name: "docker-registry",
    packages: ["docker-registry"],
    provides: { "docker-registry": "usr/bin/docker-registry" },
    installed: { "docker-registry": ["docker-registry"] },
  });
}

function configText(host: string, storageDir: string): string {
  return stringify({
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storageDir },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: host },
  });
}
