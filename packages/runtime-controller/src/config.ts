import { previousApiKeySetting } from "@datalayer/shared/config/api-key-settings";
import { commonSettings } from "@datalayer/shared/config/common";
import { namespaceName, objectName, watchedNamespace } from "@datalayer/shared/config/names";
import { defineSettings, type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { integer, list, port, quantity, text, url } from "@datalayer/shared/config/values";
import { claimSettingTable } from "./claim-settings.ts";
import { cloudSettingTable } from "./cloud-settings.ts";
import { routeSettingTable } from "./route-settings.ts";
import { scalingSettingTable } from "./scaling-settings.ts";

const table = settingTable({
  ...commonSettings,
  apiKey: {
    name: "DATALAYER_OPERATOR_API_KEY",
    schema: text({ minLength: 16 }),
    optional: true,
    secret: true,
    description:
      "The key that callers of the REST API send in X-API-Key. Required without DATALAYER_OPERATOR_API_KEY_SECRET.",
  },
  ...previousApiKeySetting,
  apiKeySecret: {
    name: "DATALAYER_OPERATOR_API_KEY_SECRET",
    schema: objectName,
    optional: true,
    description:
      "The Secret in POD_NAMESPACE that holds these keys as apiKey and previousApiKey, instead of the variables. Created with a random key where there is none.",
  },
  apiPort: {
    name: "DATALAYER_OPERATOR_PORT",
    schema: port(),
    default: "2111",
    description: "The port of the REST API.",
  },
  namespaces: {
    name: "DATALAYER_WATCH_NAMESPACES",
    schema: list(watchedNamespace, { min: 1 }),
    default: "datalayer-runtimes",
    description: "The namespaces whose pools are kept; * stands for all.",
  },
  podName: {
    name: "POD_NAME",
    schema: objectName,
    default: "runtime-controller",
    description: "The name of this process, in its lease and Events.",
  },
  podNamespace: {
    name: "POD_NAMESPACE",
    schema: namespaceName,
    default: "datalayer-runtimes",
    description: "The namespace of the lease and of the Secret with the token keys.",
  },
  runtimesUrl: {
    name: "DATALAYER_RUNTIMES_URL",
    schema: url(),
    optional: true,
    description:
      "Scheme and host under which users reach runtimes. Without it, answers name the address of the Pod.",
  },
  ...routeSettingTable,
  dockerRegistry: {
    name: "DATALAYER_DOCKER_REGISTRY",
    schema: text(),
    optional: true,
    description: "Replaces ${DATALAYER_DOCKER_REGISTRY} in the images of environments.",
  },
  imagesNamespace: {
    name: "DATALAYER_IMAGES_NAMESPACE",
    schema: namespaceName,
    default: "datalayer-builds",
    description: "The namespace of the Images that environments may name.",
  },
  runtimesServiceAccount: {
    name: "DATALAYER_RUNTIMES_SERVICE_ACCOUNT",
    schema: objectName,
    default: "datalayer-runtimes-sa",
    description: "The ServiceAccount of runtime Pods; its token is not mounted.",
  },
  imagePullSecrets: {
    name: "DATALAYER_IMAGE_PULL_SECRETS",
    schema: list(objectName),
    default: "reg-creds",
    description: "The Secrets that runtime Pods pull their images with.",
  },
  usageRecordsKept: {
    name: "DATALAYER_USAGE_RECORDS_KEPT",
    schema: integer({ min: 100, max: 100_000 }),
    default: "10000",
    unit: "records",
    description: "How many records of usage are kept for GET /usage; older ones are dropped by the hundred.",
  },
  usageSinkUrl: {
    name: "DATALAYER_USAGE_SINK_URL",
    schema: url(),
    optional: true,
    description: "Where every record of usage is sent by POST. Without it, they wait for GET /usage.",
  },
  usageSinkKey: {
    name: "DATALAYER_USAGE_SINK_KEY",
    schema: text({ minLength: 16 }),
    optional: true,
    secret: true,
    description: "The key that is sent in X-API-Key with each of them.",
  },
  maxLifeSeconds: {
    name: "DATALAYER_AVAILABLE_RUNTIMES_MAX_LIFE_SEC",
    schema: integer({ min: -1 }),
    default: "3600",
    unit: "seconds",
    description: "The age at which a runtime that nobody got is replaced; 0 or -1 never.",
  },
  gitContentImage: {
    name: "DATALAYER_GIT_CONTENT_IMAGE",
    schema: text(),
    default: "${DATALAYER_DOCKER_REGISTRY}/datalayer/git-content:0.1.0",
    description: "The image that fetches git contents before a runtime starts.",
  },
  sharedClaim: {
    name: "DATALAYER_SHARED_FS_VOLUME_CLAIM_NAME",
    schema: objectName,
    optional: true,
    description:
      "The claim of the shared file system, in the namespace of the runtimes. Without it there are no nfs contents.",
  },
  ...claimSettingTable,
  ...scalingSettingTable,
  ...cloudSettingTable,
  nodeDrainDeadlineSeconds: {
    name: "DATALAYER_NODE_DRAIN_DEADLINE_SEC",
    schema: integer({ min: -1 }),
    default: "3600",
    unit: "seconds",
    description:
      "How long an assigned runtime may stay on a node that goes before it is ended; 0 or -1 for ever.",
  },
  volumeStorageClass: {
    name: "DATALAYER_VOLUMES_STORAGE_CLASS",
    schema: objectName,
    optional: true,
    description: "The storage class of volumes and homes. Without it, the default one of the cluster.",
  },
  volumeMaxBytes: {
    name: "DATALAYER_VOLUMES_MAX_SIZE",
    schema: quantity({ min: 1 }),
    default: "100Gi",
    unit: "bytes",
    description: "The largest volume that a user may create.",
  },
  homeBytes: {
    name: "DATALAYER_HOMES_SIZE",
    schema: quantity({ min: 1 }),
    default: "10Gi",
    unit: "bytes",
    description: "The size of the home of a runtime, and of a volume that is created without a size.",
  },
});

/** Every setting of the runtime-controller. */
export const settings = defineSettings(table);

/** The settings of a runtime-controller process. */
export type RuntimeControllerSettings = SettingsOf<typeof table>;
