import { Agent, request } from "undici";
import { stringify } from "yaml";
import type { ClusterContext } from "../cluster/context.ts";
import { freePort } from "../cluster/ports.ts";
import type { LocalImage } from "../images/images.ts";
import type { ComponentSpec } from "../process/supervisor.ts";
import { debianPackages } from "../provision/debian.ts";
import type { Provisioner } from "../provision/provisioner.ts";
import { type KeptRepository, restoreRepository } from "./kept.ts";
import { seedRegistry, storageOf } from "./seed.ts";

/** How a registry is set up. */
export interface RegistryOptions {
  /** The address it listens on. Default: loopback, which Pods of a real node cannot reach. */
  address?: string;
  /** What it holds from its start. Default: nothing. */
  images?: readonly LocalImage[];
  /** Repositories whose content was kept of earlier clusters. Default: none. */
  kept?: readonly KeptRepository[];
}

/** Starts an image registry (plain HTTP, no login) for this cluster alone, and returns its `host:port`. */
export async function startRegistry(context: ClusterContext, options: RegistryOptions = {}): Promise<string> {
  const { address = "127.0.0.1", images = [], kept = [] } = options;
  const program = await provideRegistry(context.provisioner);
  const storageDir = await context.state.makeDir(...storageOf);
  for (const image of images) {
    await seedRegistry(storageDir, image);
  }
  await Promise.all(kept.map((repository) => restoreRepository(storageDir, repository)));
  const port = await freePort(address);
  const host = `${address}:${port}`;
  const config = registryConfig(host, storageDir);
  const configPath = await context.state.writeFile("registry/config.yml", stringify(config));
  await context.supervisor.start({ ...registryComponent({ program, configPath, host }), port });
  return host;
}

/** The path of the registry's program. */
export async function provideRegistry(provisioner: Provisioner): Promise<string> {
  const step = await debianPackages({
    name: "docker-registry",
    packages: ["docker-registry"],
    provides: { "docker-registry": "usr/bin/docker-registry" },
    installed: { "docker-registry": ["docker-registry"] },
  });
  return (await provisioner.provide(step)).paths["docker-registry"];
}

/** The process of a registry. It works once it answers, be it by asking for credentials. */
export function registryComponent(options: {
  program: string;
  configPath: string;
  host: string;
  /** Its certificate where it speaks TLS. */
  ca?: string;
}): ComponentSpec {
  const { program, configPath, host, ca } = options;
  const url = `${ca === undefined ? "http" : "https"}://${host}/v2/`;
  return {
    name: "registry",
    command: program,
    args: ["serve", configPath],
    graceful: false,
    ready: (signal) => answers(url, { ca, signal }),
  };
}

/** The configuration of a registry that keeps its content in a folder, and deletes what it is asked to. */
export function registryConfig(host: string, storageDir: string) {
  return {
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storageDir },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: host },
  };
}

async function answers(
  url: string,
  { ca, signal }: { ca: string | undefined; signal: AbortSignal },
): Promise<boolean> {
  if (ca === undefined) return (await fetch(url, { signal })).status < 500;
  const agent = new Agent({ connect: { ca } });
  try {
    return (await request(url, { dispatcher: agent, signal })).statusCode < 500;
  } finally {
    await agent.destroy();
  }
}
