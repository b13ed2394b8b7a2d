import { commonSettings } from "@datalayer/shared/config/common";
import { defineSettings, type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { list, text } from "@datalayer/shared/config/values";

const namespaceName = text({
  pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  expected: "the name of a namespace",
});

const watchedNamespace = text({
  pattern: /^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/,
  expected: "the name of a namespace, or * for all",
});

const objectName = text({
  pattern: /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
  expected: "the name of an object",
});

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
  ...sharedSettings,
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
