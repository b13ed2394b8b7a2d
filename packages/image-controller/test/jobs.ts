import { Image } from "@datalayer/shared/crds/image";
import type { Job } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { PodSpec } from "@datalayer/shared/kube/pod-parts";
import { annotation, buildApp, component, label } from "../src/image/names.ts";
import { hash } from "./builders.ts";

/** A Job as an attempt to build this Image has it, with a Pod of the test's own. */
export function attemptJob(image: Image, name: string, pod: Partial<PodSpec> = {}): Manifest<Job> {
  const { namespace, uid, name: imageName } = image.metadata;
  const labels = { [label.app]: buildApp, [label.component]: component.build, [label.image]: uid };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace,
      labels,
      annotations: {
        [annotation.inputsHash]: hash,
        [annotation.attempt]: name.replace(/^.*-/, ""),
        [annotation.repository]: "r.example/none",
      },
      ownerReferences: [{ apiVersion: Image.apiVersion, kind: Image.kind, name: imageName, uid }],
    },
    spec: {
      backoffLimit: 0,
      // Without containers of the test, the Job stays as it is: no Pod is made.
      suspend: pod.containers === undefined,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          terminationGracePeriodSeconds: 0,
          containers: [{ name: "build", image: "r.example/none" }],
          ...pod,
        },
      },
    },
  };
}
