import { optionalApiKeySettings } from "@datalayer/shared/config/api-key-settings";
import { commonSettings } from "@datalayer/shared/config/common";
import { namespaceName, objectName, watchedNamespace } from "@datalayer/shared/config/names";
import { defineSettings, type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { integer, list, port } from "@datalayer/shared/config/values";
import { classSettingTable } from "./class-settings.ts";

/** What every command has to know. */
export const sharedSettings = settingTable({
  namespaces: {
    name: "DATALAYER_WATCH_NAMESPACES",
    schema: list(watchedNamespace, { min: 1 }),
    default: "datalayer-runtimes",
    description: "The namespaces whose Routes are served; * stands for all.",
  },
});

const table = settingTable({
  ...commonSettings,
  ...optionalApiKeySettings,
  apiPort: {
    name: "DATALAYER_ROUTES_PORT",
    schema: port(),
    default: "2112",
    description: "The port of the REST API.",
  },
  ...sharedSettings,
  ...classSettingTable,
  probeSamplePercent: {
    name: "DATALAYER_ROUTES_PROBE_SAMPLE_PERCENT",
    schema: integer({ min: 0, max: 100 }),
    default: "5",
    unit: "percent",
    description:
      "Of the Routes of the runtimes of one pool, the share that is tried with a request. The others are ready by those; one of a pool is tried in any case.",
  },
  podName: {
    name: "POD_NAME",
    schema: objectName,
    default: "route-controller",
    description: "The name of this process, in its lease and Events.",
  },
  podNamespace: {
    name: "POD_NAMESPACE",
    schema: namespaceName,
    default: "datalayer-runtimes",
    description: "The namespace of the lease.",
  },
});

/** Every setting of the route-controller, from the environment. */
export const settings = defineSettings(table);

/** The settings of a route-controller process. */
export type RouteControllerSettings = SettingsOf<typeof table>;
