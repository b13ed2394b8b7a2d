import { SettingsError, type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { text, url } from "@datalayer/shared/config/values";
import type { CloudSettings } from "./node-scaling/executors/cloud-settings.ts";
import { scalingFaultsIn, type scalingSettingTable } from "./scaling-settings.ts";

/** How nodes are asked of a cloud. The names that clouds have given are kept. */
export const cloudSettingTable = settingTable({
  cloudCredentialsDir: {
    name: "DATALAYER_CLOUD_CREDENTIALS_DIR",
    schema: text(),
    optional: true,
    description:
      "A folder with the mounted Secret of cloud credentials, one file for each variable below, such as AWS_ACCESS_KEY_ID. They are read again for every call. With any file of a cloud there, its variables are not used.",
  },
  awsRegion: {
    name: "AWS_REGION",
    schema: text({ maxLength: 64 }),
    optional: true,
    description: "The region of the Auto Scaling group.",
  },
  awsDefaultRegion: {
    name: "AWS_DEFAULT_REGION",
    schema: text({ maxLength: 64 }),
    optional: true,
    description: "Stands for AWS_REGION where that is not set.",
  },
  awsAccessKeyId: {
    name: "AWS_ACCESS_KEY_ID",
    schema: text({ maxLength: 256 }),
    optional: true,
    secret: true,
    description: "The access key. Without one, credentials are found as every AWS SDK does it in a Pod.",
  },
  awsSecretAccessKey: {
    name: "AWS_SECRET_ACCESS_KEY",
    schema: text({ maxLength: 1024 }),
    optional: true,
    secret: true,
    description: "The secret that belongs to AWS_ACCESS_KEY_ID.",
  },
  awsSessionToken: {
    name: "AWS_SESSION_TOKEN",
    schema: text(),
    optional: true,
    secret: true,
    description: "The token of temporary credentials.",
  },
  awsEndpointUrl: {
    name: "AWS_ENDPOINT_URL",
    schema: url(),
    optional: true,
    description: "The address of AWS Auto Scaling; without it, that of the region.",
  },
  azureTenantId: {
    name: "AZURE_TENANT_ID",
    schema: text({ maxLength: 128 }),
    optional: true,
    description: "The tenant of the service principal.",
  },
  azureClientId: {
    name: "AZURE_CLIENT_ID",
    schema: text({ maxLength: 128 }),
    optional: true,
    description: "The service principal.",
  },
  azureClientSecret: {
    name: "AZURE_CLIENT_SECRET",
    schema: text({ maxLength: 1024 }),
    optional: true,
    secret: true,
    description: "The secret of the service principal.",
  },
  azureSubscriptionId: {
    name: "AZURE_SUBSCRIPTION_ID",
    schema: text({ maxLength: 128 }),
    optional: true,
    description: "The subscription of the scale set.",
  },
  azureResourceGroup: {
    name: "AZURE_RESOURCE_GROUP",
    schema: text({ maxLength: 90 }),
    optional: true,
    description: "The resource group of the scale set.",
  },
  azureAuthorityHost: {
    name: "AZURE_AUTHORITY_HOST",
    schema: url(["https"]),
    optional: true,
    description: "Who issues tokens; without it, that of the public cloud.",
  },
  azureResourceManagerUrl: {
    name: "AZURE_RESOURCE_MANAGER_URL",
    schema: url(["https"]),
    optional: true,
    description: "The address of Azure Resource Manager; without it, that of the public cloud.",
  },
});

type Settings = SettingsOf<typeof cloudSettingTable & typeof scalingSettingTable>;

/**
 * Which cloud scaling works on, of the settings of the process; undefined where it works on none.
 * @throws SettingsError when they do not go together.
 */
export function cloudSettingsOf(settings: Settings): CloudSettings | undefined {
  const { scalingProvider: provider, scalingNodeGroup: group } = settings;
  const isOff = settings.scalingStrategy === "none" || settings.scalingDryRun;
  const problems = [...scalingFaultsIn(settings), ...(isOff ? [] : absencesIn(settings))];
  if (problems.length > 0) throw new SettingsError(problems);
  if (isOff || provider === undefined || group === undefined) return undefined;
  const reveal = (secret: { reveal: () => string } | undefined): (() => string | undefined) => {
    return () => secret?.reveal();
  };
  return {
    provider,
    group,
    credentialsDir: settings.cloudCredentialsDir,
    endpoint: provider === "aws" ? settings.awsEndpointUrl : settings.azureResourceManagerUrl,
    authorityHost: settings.azureAuthorityHost,
    variables: {
      AWS_REGION: () => settings.awsRegion,
      AWS_DEFAULT_REGION: () => settings.awsDefaultRegion,
      AWS_ACCESS_KEY_ID: reveal(settings.awsAccessKeyId),
      AWS_SECRET_ACCESS_KEY: reveal(settings.awsSecretAccessKey),
      AWS_SESSION_TOKEN: reveal(settings.awsSessionToken),
      AZURE_TENANT_ID: () => settings.azureTenantId,
      AZURE_CLIENT_ID: () => settings.azureClientId,
      AZURE_CLIENT_SECRET: reveal(settings.azureClientSecret),
      AZURE_SUBSCRIPTION_ID: () => settings.azureSubscriptionId,
      AZURE_RESOURCE_GROUP: () => settings.azureResourceGroup,
    },
  };
}

function absencesIn({ scalingProvider, scalingNodeGroup }: Settings): string[] {
  const because = "DATALAYER_SCALING_DRY_RUN is false";
  return [
    ...(scalingProvider === undefined
      ? [`DATALAYER_SCALING_PROVIDER is not set: expected aws or azure, because ${because}`]
      : []),
    ...(scalingNodeGroup === undefined
      ? [
          `DATALAYER_SCALING_NODE_GROUP is not set: expected the name of a group of machines, because ${because}`,
        ]
      : []),
  ];
}
