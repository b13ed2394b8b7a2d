import { controller, type Controller } from "@datalayer/shared/controller/controller";
import { settled } from "@datalayer/shared/controller/outcome";
import type { Image } from "@datalayer/shared/crds/image";
import { Job } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { index } from "../caches.ts";
import { label } from "../image/names.ts";
import { keepLog } from "./keep-log.ts";
import { type BuildSecretNames, maskFor } from "./log-secrets.ts";
import { endOf } from "./record.ts";

/** What logs are kept with. */
export interface LogControllerOptions {
  images: ObjectReader<Image>;
  jobs: ObjectReader<Job>;
  buildSecrets: BuildSecretNames;
}

/** Keeps the log of each attempt once it has ended: a Pod is gone sooner than its Job. */
export function logController({ images, jobs, buildSecrets }: LogControllerOptions): Controller {
  return controller({
    name: "image-log",
    for: Job,
    informer: jobs,
    selects: (job) => endOf(job) !== undefined,
    deadlineMs: 120_000,
    reportsStatus: false,
    reconcile: async (job, { kube, clock }) => {
      const uid = job.metadata.labels?.[label.image] ?? "";
      const [image] = images.byIndex(index.uid, uid);
      if (image)
        await keepLog(image, job, { client: kube, clock, mask: () => maskFor(image, kube, buildSecrets) });
      return { outcome: settled() };
    },
  });
}
