import type { Pod } from "./kinds.ts";

/** The types of the parts of a Pod, as it is read and written. */
export type PodSpec = NonNullable<Pod["spec"]>;
export type Container = PodSpec["containers"][number];
export type Volume = NonNullable<PodSpec["volumes"]>[number];
export type VolumeMount = NonNullable<Container["volumeMounts"]>[number];
export type EnvVariable = NonNullable<Container["env"]>[number];
