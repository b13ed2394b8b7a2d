import type { Container, PodSpec, Volume, VolumeMount } from "@datalayer/shared/kube/pod-parts";
import type { Isolation } from "../engine.ts";

/** What a way of keeping builds apart asks of the Pod. */
export interface IsolationParts {
  pod: Pick<PodSpec, "securityContext" | "hostUsers">;
  container: NonNullable<Container["securityContext"]>;
  env: Readonly<Record<string, string>>;
  daemonFlags: readonly string[];
  mounts: readonly VolumeMount[];
  volumes: (sizeLimit: string) => Volume[];
}

/** The user of the builder image, as BuildKit's own rootless images have it. */
const user = { id: 1000, name: "user", home: "/home/user", runtimeDir: "/run/user/1000" };

const asRoot: Pick<IsolationParts, "env" | "daemonFlags" | "mounts" | "volumes"> = {
  env: { HOME: "/root", USER: "root", TMPDIR: "/tmp" },
  daemonFlags: [],
  mounts: [{ name: "state", mountPath: "/var/lib/buildkit" }],
  volumes: (sizeLimit) => [{ name: "state", emptyDir: { sizeLimit } }],
};

const parts: Readonly<Record<Isolation, IsolationParts>> = {
  rootless: {
    pod: {
      securityContext: {
        runAsUser: user.id,
        runAsGroup: user.id,
        runAsNonRoot: true,
        fsGroup: user.id,
        fsGroupChangePolicy: "OnRootMismatch",
      },
    },
    container: {
      // newuidmap and newgidmap, and nothing else, have more rights than their caller.
      allowPrivilegeEscalation: true,
      capabilities: { drop: ["ALL"], add: ["SETUID", "SETGID"] },
      // They have to make namespaces, which the usual profiles forbid.
      seccompProfile: { type: "Unconfined" },
      appArmorProfile: { type: "Unconfined" },
    },
    env: {
      HOME: user.home,
      USER: user.name,
      TMPDIR: `${user.home}/.local/tmp`,
      XDG_RUNTIME_DIR: user.runtimeDir,
    },
    // A Pod cannot ask for a /proc of which nothing is masked, and without it there is no sandbox of processes.
    daemonFlags: ["--oci-worker-no-process-sandbox"],
    mounts: [
      { name: "state", mountPath: `${user.home}/.local/share/buildkit` },
      { name: "temporary", mountPath: `${user.home}/.local/tmp` },
      { name: "runtime", mountPath: user.runtimeDir },
    ],
    volumes: (sizeLimit) => [
      { name: "state", emptyDir: { sizeLimit } },
      { name: "temporary", emptyDir: { sizeLimit } },
      { name: "runtime", emptyDir: { sizeLimit: "64Mi" } },
    ],
  },
  userns: {
    ...asRoot,
    // Root of the Pod's own users only: outside of them it is nobody.
    pod: { hostUsers: false, securityContext: { runAsUser: 0, runAsGroup: 0, runAsNonRoot: false } },
    container: { privileged: true },
  },
  privileged: {
    ...asRoot,
    pod: { securityContext: { runAsUser: 0, runAsGroup: 0, runAsNonRoot: false } },
    container: { privileged: true },
  },
};

/** What this way asks of the Pod. */
export function isolationOf(isolation: Isolation): IsolationParts {
  return parts[isolation];
}
