import { EndpointSlice, Pod, type Secret } from "@datalayer/shared/kube/kinds";
import { allRuntimes, apiService, generatedSecretName, operatorSecrets } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { findSecret } from "../cluster/secret.ts";
import { listWidely } from "../observe/kinds.ts";
import { gatherStatus, type Observed } from "../status/gather.ts";
import { reportStatus, type StatusReport } from "../status/status.ts";
import { version } from "../version.ts";
import type { Fact } from "./check.ts";
import { factOf } from "./pre-facts.ts";

/** What is known of a release that is installed. */
export interface Facts {
  readonly status: StatusReport;
  readonly observed: Observed;
  /** Of this command. */
  readonly version: string;
  readonly nowMs: number;
  readonly apiEndpoints: Fact<readonly EndpointSlice[]>;
  readonly apiKey: Fact<Secret | undefined>;
  /** Secrets with credentials that the controllers mount, and whether each is there. */
  readonly credentials: Fact<readonly { name: string; secret: Secret | undefined }[]>;
  readonly runtimes: Fact<readonly Pod[]>;
}

/** Reads them, all at once. */
export async function gatherFacts(cluster: Cluster, release: string): Promise<Facts> {
  const { client, namespace, clock } = cluster;
  const observed = await gatherStatus(cluster, release);
  const slices = { namespace, labelSelector: `kubernetes.io/service-name=${apiService.name}` };
  const [apiEndpoints, apiKey, credentials, runtimes] = await Promise.all([
    factOf(client.list(EndpointSlice, slices).then(({ items }) => items)),
    factOf(findSecret(cluster, operatorSecrets[0] ?? "")),
    factOf(gatherCredentials(cluster, credentialNames(observed, release))),
    factOf(listWidely(cluster, Pod, allRuntimes)),
  ]);
  const nowMs = clock.now();
  return {
    status: reportStatus(observed, nowMs),
    observed,
    version,
    nowMs,
    apiEndpoints,
    apiKey,
    credentials,
    runtimes,
  };
}

/** Of the Secrets that the Deployments take variables from, those with credentials of a cloud. */
function credentialNames({ operator }: Observed, release: string): string[] {
  const sources = operator.deployments.flatMap(
    ({ spec }) => spec?.template.spec?.containers.flatMap(({ envFrom = [] }) => envFrom) ?? [],
  );
  const names = sources.flatMap(({ secretRef }) => secretRef?.name ?? []);
  const own = generatedSecretName(release);
  return [...new Set(names)].filter((name) => name === own || name.includes("credentials"));
}

async function gatherCredentials(
  cluster: Cluster,
  names: readonly string[],
): Promise<{ name: string; secret: Secret | undefined }[]> {
  return Promise.all(names.map(async (name) => ({ name, secret: await findSecret(cluster, name) })));
}
