import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { startCluster } from "../cluster/cluster.ts";
import { provideRegistry, registryComponent, registryConfig } from "../registry/registry.ts";
import { makeCertificate } from "./certificate.ts";
import { afterFile, useCluster } from "./cluster.ts";
import { podAddress } from "./pod-address.ts";
import { testProvisioner } from "./test-provisioner.ts";

/** The name and the password of every registry of a test that asks for one. */
export const registryLogin = { username: "builder", password: "canary-password-of-the-registry" };

/** The line of `htpasswd -B` for them. */
const htpasswd = `${registryLogin.username}:$2b$05$Q0wLeVTbZcBDWDn5LTJBUupuMhtNsRqFrkhXwmHqCG7PnrZC9VJhq\n`;

/** What gives out the tokens of a registry. */
export interface TokenIssuer {
  /** Where clients ask for tokens. */
  realm: string;
  issuer: string;
  /** The certificate of its key, as PEM. */
  certificate: string;
}

/** A registry of a test file: a process with an address of its own, as a Pod would have. */
export interface TestRegistry {
  /** `address:port` */
  readonly host: string;
  /** Its certificate, and so its authority, where it speaks TLS. */
  readonly ca?: string;
  /** Ends it; also done after the test file. */
  stop(): Promise<void>;
  /** Starts it again with what it held. */
  start(): Promise<void>;
}

const port = 5000;

/**
 * Starts a registry: without TLS and open to all, unless asked for.
 * @param options - `auth`: whether it asks for {@link registryLogin}, or for tokens of an issuer.
 */
export async function startTestRegistry(
  options: { tls?: boolean; auth?: "password" | TokenIssuer } = {},
): Promise<TestRegistry> {
  const { kubeconfigPath } = await useCluster();
  const address = await podAddress();
  const host = `${address}:${port}`;
  const folder = await mkdtemp(join(tmpdir(), "test-registry-"));
  afterFile(() => rm(folder, { recursive: true, force: true }));
  const certificate = options.tls ? await makeCertificate({ ip: address, name: "registry.test" }) : undefined;
  const files = {
    htpasswd,
    ...(certificate && { "tls.crt": certificate.cert, "tls.key": certificate.key }),
    ...(typeof options.auth === "object" && { "issuer.crt": options.auth.certificate }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const configPath = join(folder, "config.yml");
  const base = registryConfig(host, join(folder, "storage"));
  const tls = certificate && { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  const config = {
    ...base,
    http: { ...base.http, ...(tls && { tls }) },
    ...authConfig(folder, options.auth),
  };
  await writeFile(configPath, stringify(config));
  const program = await provideRegistry(testProvisioner());
  // A cluster in name only: its process ends with this one, however this one ends.
  const cluster = await startCluster({ nodes: "none", attach: { kubeconfigPath } });
  afterFile(() => cluster.down());
  const spec = registryComponent({ program, configPath, host, ca: certificate?.cert });
  let component = await cluster.start(spec);
  return {
    host,
    ...(certificate && { ca: certificate.cert }),
    stop: () => component.stop(),
    start: async () => {
      component = await cluster.start(spec);
    },
  };
}

function authConfig(folder: string, auth: "password" | TokenIssuer | undefined): object {
  if (auth === undefined) return {};
  if (auth === "password") return { auth: { htpasswd: { realm: "test", path: join(folder, "htpasswd") } } };
  const { realm, issuer } = auth;
  const token = { realm, issuer, service: "registry.test", rootcertbundle: join(folder, "issuer.crt") };
  return { auth: { token } };
}
