import { join } from "node:path";
import { provideHelm } from "@datalayer/devcluster/testkit/helm";
import { execa } from "execa";
import { parseAllDocuments, stringify } from "yaml";
import type {
  CustomResourceDefinition,
  Deployment,
  Labels,
  Manifest,
  NetworkPolicy,
  Pod,
  Role,
  Secret,
  Selector,
  Service,
} from "./manifests.ts";

/** The folder of the charts. */
export const chartsDir = join(import.meta.dirname, "..");

/** Helm's own files, so that those of whoever runs the tests play no part. */
const home = join(chartsDir, "reports", "helm");

/** How Helm is called. */
export interface HelmOptions {
  /** Given as `--values`. */
  values?: object;
  /** The cluster; without one, none is reached. */
  kubeconfigPath?: string;
}

/** What Helm said. */
export interface HelmResult {
  stdout: string;
  /** Without what it says of symbolic links, which packaged charts have none of. */
  stderr: string;
  failed: boolean;
}

/** Runs Helm with a home of its own; a command that fails resolves too. */
export async function helm(args: readonly string[], options: HelmOptions = {}): Promise<HelmResult> {
  const { values, kubeconfigPath = "/nonexistent/kubeconfig" } = options;
  const { stdout, stderr, failed } = await execa(
    await provideHelm(),
    [...args, ...(values ? ["--values", "-"] : [])],
    {
      input: values ? stringify(values) : "",
      env: {
        KUBECONFIG: kubeconfigPath,
        HELM_CACHE_HOME: join(home, "cache"),
        HELM_CONFIG_HOME: join(home, "config"),
        HELM_DATA_HOME: join(home, "data"),
      },
      reject: false,
    },
  );
  const said = stderr.split("\n").filter((line) => !line.includes("found symbolic link in path"));
  return { stdout, stderr: said.join("\n").trim(), failed };
}

/** Runs Helm, and expects it to do what it is told. */
export async function helmOk(args: readonly string[], options: HelmOptions = {}): Promise<HelmResult> {
  const result = await helm(args, options);
  if (result.failed) throw new Error(`helm ${args.join(" ")}: ${result.stderr}`);
  return result;
}

/** What a chart is rendered with. */
export interface Rendering {
  /** Folder of the chart. Default: the umbrella. */
  chart?: string;
  values?: object;
  /** Default: `datalayer-operator`. */
  release?: string;
  /** Default: `datalayer-runtimes`. */
  namespace?: string;
  /** More arguments of `helm template`. */
  args?: readonly string[];
}

/** The objects of a chart, in the order in which Helm makes them. */
export async function render(rendering: Rendering = {}): Promise<Manifest[]> {
  const { stdout, stderr } = await helmOk(templateArgs(rendering), valuesOf(rendering));
  if (stderr !== "") throw new Error(`helm template complains: ${stderr}`);
  return objectsIn(stdout);
}

/** What Helm says of values that it refuses. @throws Error when it takes them. */
export async function refusalOf(rendering: Rendering): Promise<string> {
  const { failed, stderr } = await helm(templateArgs(rendering), valuesOf(rendering));
  if (!failed) throw new Error(`these values are not refused: ${JSON.stringify(rendering.values)}`);
  return stderr;
}

function templateArgs(rendering: Rendering): string[] {
  const { chart = "operator", release = "datalayer-operator", namespace = "datalayer-runtimes" } = rendering;
  return ["template", release, join(chartsDir, chart), "--namespace", namespace, ...(rendering.args ?? [])];
}

function valuesOf({ values }: Rendering): HelmOptions {
  return values ? { values } : {};
}

/** The objects of a text with several documents. */
function objectsIn(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

/** The kinds that tests read more of than the head. */
interface Kinds {
  Deployment: Deployment;
  Pod: Pod;
  Service: Service;
  Secret: Secret;
  Role: Role;
  ClusterRole: Role;
  NetworkPolicy: NetworkPolicy;
  PodDisruptionBudget: Manifest & { spec: { selector: Selector } };
  CustomResourceDefinition: CustomResourceDefinition;
  ServiceAccount: Manifest;
  ConfigMap: Manifest & { data: Labels };
  PrometheusRule: Manifest & { spec: { groups: AlertGroup[] } };
  ServiceMonitor: Manifest & { spec: { jobLabel: string; selector: Required<Selector> } };
  HorizontalPodAutoscaler: Manifest & { spec: object };
}

/** Alerts that are evaluated together. */
export interface AlertGroup {
  name: string;
  rules: { alert: string; expr: string; for?: string; labels: Labels; annotations: Labels }[];
}

/** The objects of a kind. */
export function ofKind<K extends keyof Kinds>(objects: readonly Manifest[], kind: K): Kinds[K][] {
  return objects.filter((object): object is Kinds[K] => object.kind === kind);
}

/** The object of that kind and name. @throws Error when there is none. */
export function objectOf<K extends keyof Kinds>(
  objects: readonly Manifest[],
  kind: K,
  name: string,
): Kinds[K] {
  const found = ofKind(objects, kind).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}
