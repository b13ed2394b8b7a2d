import { ApiError } from "@datalayer/shared/kube/api-error";
import { ConfigMap } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { segmentLabel } from "./usage-segments.ts";

const name = "runtime-usage-delivery";

/** How far usage has been delivered, in a ConfigMap beside it. */
export class UsageCursor {
  readonly #configMaps: ObjectReader<ConfigMap>;
  readonly #namespace: string;

  /** @param configMaps - the cache that holds the segments of usage too. */
  constructor(configMaps: ObjectReader<ConfigMap>, namespace: string) {
    this.#configMaps = configMaps;
    this.#namespace = namespace;
  }

  /** All records up to this place have been delivered; 0 when none was. */
  get delivered(): number {
    const ref = { namespace: this.#namespace, name };
    return Number(this.#configMaps.get(ref)?.data?.["delivered"] ?? 0);
  }

  /** Stores that all up to this place have been delivered. A cursor that another leader has moved is read again. */
  async advance(to: number, kube: RestClient): Promise<void> {
    const namespace = this.#namespace;
    const ref = { namespace, name };
    const path = "/data/delivered";
    try {
      const stored = this.#configMaps.get(ref)
        ? await kube.patch(ConfigMap, ref, [
            { op: "test", path, value: String(this.delivered) },
            { op: "replace", path, value: String(to) },
          ])
        : await kube.create(ConfigMap, {
            apiVersion: ConfigMap.apiVersion,
            kind: ConfigMap.kind,
            metadata: { ...ref, labels: { [segmentLabel.name]: segmentLabel.value } },
            data: { delivered: String(to) },
          });
      this.#configMaps.recordWrite(stored);
    } catch (error) {
      if (!(error instanceof ApiError && (error.isPatchRefused || error.isAlreadyExists))) throw error;
      const { items } = await kube.list(ConfigMap, { namespace, fieldSelector: `metadata.name=${name}` });
      for (const item of items) this.#configMaps.recordWrite(item);
    }
  }
}
