import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import { keyOf, type ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { buildsNamespace } from "@datalayer/tools/start/images";
import type { BenchContext } from "./claims.ts";

const builtWithinMs = 600_000;

/** What the parts of this bench share. */
export interface Stage extends BenchContext {
  cluster: StartedCluster;
  admin: RestClient;
  /** The cache is asked and not the API server: many questions would slow down the builds. */
  images: ObjectReader<Image>;
  registry: string;
}

/** Work of some seconds a round, which cannot be told from that of other marks before it runs. */
export function dockerfile({ registry }: Stage, mark: string, rounds = 1): string {
  const work = "seq 1 300000 > /numbers && sort -R --random-source=/numbers /numbers > /shuffled";
  return [
    `FROM ${registry}/datalayer/debian:bookworm`,
    `RUN head -c 50000000 /dev/zero | sha256sum > /sum && echo ${mark} >> /sum`,
    ...Array.from({ length: rounds }, (_, index) => `RUN ${work}-${index}`),
    "",
  ].join("\n");
}

/** What an Image is called, where it is not as its name says. */
export interface ImagePlace {
  /** Default: its name. */
  repository?: string;
  /** Default: that of all but the last part of the bench. */
  namespace?: string;
}

/** Creates an Image and resolves with the milliseconds until it was published. */
export async function imageReady(
  stage: Stage,
  name: string,
  text: string,
  { repository = name, namespace = buildsNamespace }: ImagePlace = {},
): Promise<number> {
  const { admin, registry } = stage;
  const startedMs = performance.now();
  await admin.create(Image, {
    apiVersion: "datalayer.io/v1",
    kind: "Image",
    metadata: { namespace, name },
    spec: {
      source: { inline: { dockerfile: text } },
      output: { repository: `${registry}/bench/${repository}`, tags: [name] },
    },
  });
  await untilReady(stage, { namespace, name });
  return performance.now() - startedMs;
}

async function untilReady({ images }: Stage, ref: ObjectRef): Promise<void> {
  const isReady = (): boolean => {
    const { status } = images.get(ref) ?? {};
    if (status?.phase === "Stalled") throw new Error(`Image ${keyOf(ref)}: ${JSON.stringify(status.build)}`);
    return status?.phase === "Ready";
  };
  await eventually(isReady, {
    timeoutMs: builtWithinMs,
    intervalMs: 10,
    message: `Image ${keyOf(ref)} to be ready`,
  });
}
