import type { Container, Pod, PodSpec, SecurityContext } from "./manifests.ts";

/**
 * What of a Pod the Pod Security Standard "restricted" forbids, beside what we ask for ourselves: a read-only root file
 * system, and a number as the user. https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function podSecurityFaults(pod: Pod): string[] {
  const spec = pod.spec;
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return [
    ...hostFaults(spec),
    ...volumeFaults(spec),
    ...containers.flatMap((container) =>
      containerFaults(container, spec).map((fault) => `container ${container.name}: ${fault}`),
    ),
  ];
}

function hostFaults(spec: PodSpec): string[] {
  const { hostNetwork, hostPID, hostIPC, securityContext } = spec;
  return [
    ...(hostNetwork || hostPID || hostIPC ? ["shares a namespace of the host"] : []),
    ...(securityContext?.sysctls?.length ? ["sets sysctls"] : []),
    ...(securityContext?.windowsOptions?.hostProcess ? ["is a host process"] : []),
  ];
}

const allowedVolumes = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

function volumeFaults({ volumes = [] }: PodSpec): string[] {
  return volumes.flatMap(({ name, ...source }) =>
    Object.keys(source)
      .filter((kind) => !allowedVolumes.includes(kind))
      .map((kind) => `volume ${name} is of the kind ${kind}`),
  );
}

type Check = (own: SecurityContext, of: SecurityContext, container: Container) => boolean;

/** `own` is what the container says itself, `of` what holds for it. */
const checks: Readonly<Record<string, Check>> = {
  "is privileged": ({ privileged }) => privileged === true,
  "may gain privileges": ({ allowPrivilegeEscalation }) => allowPrivilegeEscalation !== false,
  "keeps capabilities": ({ capabilities: { add = [], drop = [] } = {} }) =>
    !drop.includes("ALL") || add.length > 0,
  "may be root": (_, { runAsNonRoot, runAsUser }) => runAsNonRoot !== true || !runAsUser,
  "has no seccomp profile": (_, { seccompProfile }) =>
    !["RuntimeDefault", "Localhost"].includes(seccompProfile?.type ?? ""),
  "has an unmasked /proc": ({ procMount = "Default" }) => procMount !== "Default",
  "sets SELinux or AppArmor": ({ seLinuxOptions, appArmorProfile }) =>
    seLinuxOptions !== undefined || appArmorProfile !== undefined,
  "uses ports of the host": (_own, _of, { ports = [] }) => ports.some(({ hostPort }) => hostPort),
  "can write to its root file system": ({ readOnlyRootFilesystem }) => readOnlyRootFilesystem !== true,
};

function containerFaults(container: Container, spec: PodSpec): string[] {
  const own = container.securityContext ?? {};
  const of = { ...spec.securityContext, ...own };
  return Object.entries(checks).flatMap(([fault, holds]) => (holds(own, of, container) ? [fault] : []));
}
