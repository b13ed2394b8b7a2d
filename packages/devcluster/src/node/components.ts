import { dirname } from "node:path";
import { kubernetesStep } from "../cluster/components.ts";
import { debianPackages } from "../provision/debian.ts";
import type { Provisioner } from "../provision/provisioner.ts";

/** The programs of a real node, as absolute paths. */
export interface NodePrograms {
  kubelet: string;
  containerd: string;
  ctr: string;
  runc: string;
  /** Folder of the network plugins. */
  cniDir: string;
}

/** Provides the programs of a real node. */
export async function provideNodePrograms(provisioner: Provisioner): Promise<NodePrograms> {
  const containerd = await provisioner.provide(await containerdStep());
  const runc = await provisioner.provide(await runcStep());
  const cni = await provisioner.provide(await cniStep());
  const kubelet = await provisioner.provide(await kubernetesStep("kubelet"));
  return {
    kubelet: kubelet.paths.kubelet,
    containerd: containerd.paths.containerd,
    ctr: containerd.paths.ctr,
    runc: runc.paths.runc,
    cniDir: dirname(cni.paths.bridge),
  };
}

/** The shim has to lie beside containerd, or in PATH. */
function containerdStep() {
  return debianPackages({
    name: "containerd",
    packages: ["containerd"],
    provides: {
      containerd: "usr/bin/containerd",
      ctr: "usr/bin/ctr",
      shim: "usr/bin/containerd-shim-runc-v2",
    },
    installed: { containerd: ["containerd"], ctr: ["ctr"], shim: ["containerd-shim-runc-v2"] },
  });
}

function runcStep() {
  return debianPackages({
    name: "runc",
    packages: ["runc"],
    provides: { runc: "usr/sbin/runc" },
    installed: { runc: ["runc"] },
  });
}

function cniStep() {
  const plugins = ["bridge", "host-local", "loopback"] as const;
  const paths = <T>(path: (plugin: string) => T) =>
    Object.fromEntries(plugins.map((plugin) => [plugin, path(plugin)])) as Record<
      (typeof plugins)[number],
      T
    >;
  return debianPackages({
    name: "cni-plugins",
    packages: ["containernetworking-plugins"],
    provides: paths((plugin) => `usr/lib/cni/${plugin}`),
    installed: paths((plugin) => [`/usr/lib/cni/${plugin}`, `/opt/cni/bin/${plugin}`]),
  });
}
