import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { goModuleDir, goTool } from "../provision/go-tool.ts";
import { findProgram, type Provisioner } from "../provision/provisioner.ts";
import type { BuildContext, ProvisionStep } from "../provision/step.ts";

/** The programs that are built from the Kubernetes module. */
export type KubernetesProgram =
  "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubelet" | "kubectl";

/** The step that builds one Kubernetes program. */
export function kubernetesStep<Name extends KubernetesProgram>(name: Name): Promise<ProvisionStep<Name>> {
  return goTool({
    name,
    tool: "kubernetes",
    module: "k8s.io/kubernetes",
    command: `k8s.io/kubernetes/cmd/${name}`,
    // Without these the program says v0.0.0-master, which clients and kubelets refuse or warn about.
    linkVariables: ["k8s.io/component-base/version.gitVersion={version}"],
  });
}

/** The step that builds etcd. */
function etcdStep(): Promise<ProvisionStep<"etcd">> {
  const module = "go.etcd.io/etcd/server/v3";
  return goTool({ name: "etcd", tool: "etcd", module, command: module });
}

const kwokModule = "sigs.k8s.io/kwok";

/** What plays the nodes and their kubelets; kwok knows none of them by itself. */
const kwokStages = ["node/fast", "node/heartbeat-with-lease", "pod/fast"];

/** The step that builds kwok and takes the stages that belong to it. */
export async function kwokStep(): Promise<ProvisionStep<"kwok" | "stages">> {
  const tool = await goTool({
    name: "kwok",
    tool: "kwok",
    module: kwokModule,
    command: `${kwokModule}/cmd/kwok`,
  });
  return {
    name: tool.name,
    version: tool.version,
    inputs: [...tool.inputs, ...kwokStages],
    provides: { ...tool.provides, stages: "stages.yaml" },
    build: async (dir, context) => {
      await tool.build(dir, context);
      await writeStages(join(dir, "stages.yaml"), context);
    },
  };
}

async function writeStages(path: string, context: BuildContext): Promise<void> {
  const sources = await goModuleDir("kwok", kwokModule, context);
  const documents: string[] = [];
  for (const stage of kwokStages) {
    const dir = join(sources, "kustomize", "stage", stage);
    const files = (await readdir(dir)).filter((file) => /^(?!kustomization).*\.yaml$/.test(file)).sort();
    documents.push(...(await Promise.all(files.map((file) => readFile(join(dir, file), "utf8")))));
  }
  await writeFile(path, documents.join("\n---\n"));
}

/** The programs of a control plane, as absolute paths. */
export interface ControlPlanePrograms {
  etcd: string;
  "kube-apiserver": string;
  "kube-controller-manager": string;
  /** Undefined in a cluster without nodes. */
  "kube-scheduler": string | undefined;
}

/** Provides one of the programs that `KUBEBUILDER_ASSETS` holds, from there if it is set. */
async function assetOr<Name extends string>(
  provisioner: Provisioner,
  assetsDir: string | undefined,
  step: ProvisionStep<Name>,
): Promise<string> {
  if (assetsDir === undefined) {
    return (await provisioner.provide(step)).paths[step.name as Name];
  }
  const path = await findProgram([step.name], [assetsDir]);
  if (path === undefined) {
    throw new UserError(
      `KUBEBUILDER_ASSETS is ${assetsDir}, which holds no ${step.name}: correct or unset it.`,
    );
  }
  return path;
}

/** Provides everything a control plane runs, one after the other: each build uses every core. */
export async function provideControlPlane(
  provisioner: Provisioner,
  options: { assetsDir: string | undefined; scheduler: boolean },
): Promise<ControlPlanePrograms> {
  const asset = async <Name extends string>(step: Promise<ProvisionStep<Name>>) =>
    assetOr(provisioner, options.assetsDir, await step);
  const own = async (name: KubernetesProgram) =>
    (await provisioner.provide(await kubernetesStep(name))).paths[name];
  return {
    etcd: await asset(etcdStep()),
    "kube-apiserver": await asset(kubernetesStep("kube-apiserver")),
    "kube-controller-manager": await own("kube-controller-manager"),
    "kube-scheduler": options.scheduler ? await own("kube-scheduler") : undefined,
  };
}

/** Provides kubectl. */
export async function provideKubectl(
  provisioner: Provisioner,
  assetsDir: string | undefined,
): Promise<string> {
  return assetOr(provisioner, assetsDir, await kubernetesStep("kubectl"));
}
