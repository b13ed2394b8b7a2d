import { z } from "zod";
import { type Account, type AccountKind, secretSchema } from "../clouder-home/account.ts";

const uuid = z.guid({ error: "expected a UUID, such as 00000000-0000-0000-0000-000000000000" });

const schema = z.object({
  subscriptionId: uuid,
  tenantId: uuid,
  clientId: uuid,
  clientSecret: secretSchema,
});

/** A part of a service principal. */
export type AzurePart = keyof z.infer<typeof schema>;

/** A service principal, its secret, and the subscription that it works on. */
export type ServicePrincipal = Account<AzurePart>;

/** How clouder signs in to Azure. */
export const azureAccount: AccountKind<AzurePart> = {
  cloud: "azure",
  name: "service principal",
  schema,
  parts: {
    subscriptionId: {
      flag: "--subscription-id",
      variables: ["AZURE_SUBSCRIPTION_ID"],
      question: "Subscription id:",
    },
    tenantId: { flag: "--tenant-id", variables: ["AZURE_TENANT_ID"], question: "Tenant id:" },
    clientId: {
      flag: "--client-id",
      variables: ["AZURE_CLIENT_ID"],
      question: "Client id of the service principal:",
    },
    clientSecret: { flag: "--client-secret", variables: ["AZURE_CLIENT_SECRET"], question: "Its secret:" },
  },
  identity: "clientId",
  secret: "clientSecret",
};
