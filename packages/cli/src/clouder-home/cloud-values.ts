import { z } from "zod";
import type { Cloud } from "./paths.ts";

const text = z.string({ error: "expected a text" }).min(1, { error: "expected a text that is not empty" });
const flag = z.boolean({ error: "expected true or false" }).optional();

const parts = {
  azure: z.looseObject({
    tenantId: text,
    clientId: text,
    clientSecret: text,
    subscriptionId: text,
    resourceGroup: text,
  }),
  aws: z.looseObject({ accessKeyId: text, secretAccessKey: text, defaultRegion: text }),
};

/** What a values file with credentials of a cloud has to hold; it may hold other values too. */
export function cloudValuesSchema(cloud: Cloud): z.ZodType<CloudValues> {
  return z.looseObject({
    operator: z.looseObject({
      cloudCredentials: z.looseObject({ enabled: flag, create: flag, [cloud]: parts[cloud] }),
    }),
  });
}

/** Helm values with credentials of a cloud. */
export interface CloudValues {
  operator: { cloudCredentials: CloudCredentials };
}

/** The values below `operator.cloudCredentials`. */
export interface CloudCredentials {
  enabled?: boolean;
  create?: boolean;
  azure?: AzureValues;
  aws?: AwsValues;
}

/** A service principal, and where it may scale. */
export interface AzureValues {
  tenantId: string;
  clientId: string;
  clientSecret: string;
  subscriptionId: string;
  resourceGroup: string;
}

/** An access key of a user. */
export interface AwsValues {
  accessKeyId: string;
  secretAccessKey: string;
  defaultRegion: string;
}

/** Values with which Helm alone makes the Secret and mounts it. */
export function cloudValues(credentials: Pick<CloudCredentials, Cloud>): CloudValues {
  return { operator: { cloudCredentials: { enabled: true, create: true, ...credentials } } };
}
