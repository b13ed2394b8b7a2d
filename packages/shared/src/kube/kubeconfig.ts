import { existsSync, readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parse } from "yaml";

/** A cluster of a kubeconfig, with the field names of the file. */
export interface KubeconfigCluster {
  server: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
}

/** A user of a kubeconfig, with the field names of the file. */
export interface KubeconfigUser {
  token?: string;
  tokenFile?: string;
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  username?: string;
  password?: string;
  as?: string;
  exec?: unknown;
  "auth-provider"?: unknown;
}

interface Kubeconfig {
  "current-context": string | undefined;
  clusters: { name: string; cluster: KubeconfigCluster }[];
  users: { name: string; user: KubeconfigUser }[];
  contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
}

/** What one context says. */
export interface KubeconfigContext {
  /** Undefined for the Pod we run in. */
  readonly name: string | undefined;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace: string | undefined;
}

/** Where to look for the cluster; the first one given is used. */
export interface KubeconfigSource {
  kubeconfigYaml?: string;
  kubeconfigPath?: string;
  /** Environment variables: tell where kubectl would look, and whether we run in a Pod. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** The context to use instead of the current one. */
  context?: string;
}

/** The files that every Pod gets for its ServiceAccount. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const PATH_FIELDS = ["certificate-authority", "client-certificate", "client-key", "tokenFile"] as const;

/**
 * Reads the context to use: of the kubeconfig that is given, else of those that kubectl finds, else that of the
 * Pod we run in, whose files are in `podDirectory`.
 *
 * @throws Error when there is none, or it names a cluster that does not exist.
 */
export function readContext(source: KubeconfigSource, podDirectory = SERVICE_ACCOUNT): KubeconfigContext {
  const config = read(source);
  if (!config) return podContext(source.environment ?? {}, podDirectory);
  return contextOf(config, source.context ?? config["current-context"] ?? "");
}

function contextOf({ contexts, clusters, users }: Kubeconfig, name: string): KubeconfigContext {
  const context = contexts.find((entry) => entry.name === name)?.context;
  const cluster = clusters.find((entry) => entry.name === context?.cluster)?.cluster;
  if (!context || !cluster) throw new Error(`kubeconfig has no cluster for the context "${name}"`);
  const user = users.find((entry) => entry.name === context.user)?.user ?? {};
  return { name, cluster, user, namespace: context.namespace };
}

function podContext(
  environment: NonNullable<KubeconfigSource["environment"]>,
  directory: string,
): KubeconfigContext {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  if (!host) throw new Error("no cluster found: set KUBECONFIG, write ~/.kube/config, or run in a Pod");
  return {
    name: undefined,
    cluster: {
      server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      "certificate-authority": join(directory, "ca.crt"),
    },
    user: { tokenFile: join(directory, "token") },
    namespace: readFileSync(join(directory, "namespace"), "utf8").trim(),
  };
}

function read(source: KubeconfigSource): Kubeconfig | undefined {
  const { kubeconfigYaml, kubeconfigPath, environment } = source;
  if (kubeconfigYaml) return parseKubeconfig(kubeconfigYaml, ".");
  const paths = kubeconfigPath ? [kubeconfigPath] : pathsOf(environment ?? {});
  return paths.length > 0 ? readFiles(paths) : undefined;
}

function pathsOf({ KUBECONFIG, HOME = homedir() }: NonNullable<KubeconfigSource["environment"]>): string[] {
  if (KUBECONFIG) return KUBECONFIG.split(delimiter).filter(Boolean);
  return [join(HOME, ".kube", "config")].filter((path) => existsSync(path));
}

/** Of entries with the same name the first one counts. */
function readFiles(paths: readonly string[]): Kubeconfig {
  const configs = paths.map((path) => parseKubeconfig(readFileSync(path, "utf8"), dirname(path)));
  return {
    "current-context": configs.map((config) => config["current-context"]).find(Boolean),
    clusters: configs.flatMap(({ clusters }) => clusters),
    users: configs.flatMap(({ users }) => users),
    contexts: configs.flatMap(({ contexts }) => contexts),
  };
}

/** Paths in a kubeconfig are relative to its directory. */
function parseKubeconfig(text: string, directory: string): Kubeconfig {
  const config = parse(text) as Partial<Kubeconfig> | null;
  const { clusters, users, contexts } = { clusters: [], users: [], contexts: [], ...config };
  for (const entry of [...clusters.map(({ cluster }) => cluster), ...users.map(({ user }) => user)]) {
    const fields: Partial<Record<(typeof PATH_FIELDS)[number], string>> = entry;
    for (const field of PATH_FIELDS) if (fields[field]) fields[field] = resolve(directory, fields[field]);
  }
  return { "current-context": config?.["current-context"], clusters, users, contexts };
}
