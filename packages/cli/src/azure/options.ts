import { type Command, Option } from "commander";
import type { ConfigureFlags as HowToConfigure } from "../clouder-home/configure.ts";
import { addExamples } from "../command/options.ts";
import type { ServicePrincipal } from "./account.ts";

/** Flags that say who signs in, and where. */
type PrincipalFlags = Partial<ServicePrincipal> & { clientSecretFile?: string };

/** The flags of `clouder azure configure`. */
export type ConfigureFlags = PrincipalFlags & HowToConfigure;

/** The flags of `clouder azure helm-values`. */
export type HelmValuesFlags = PrincipalFlags & {
  cluster?: string;
  output?: string;
  resourceGroup?: string;
  createSp: boolean;
  reuseSpOnly?: boolean;
};

/** Declares the command. */
export function configureOptions(command: Command): Command {
  addAccountOptions(command, { subscriptionId: "-s, ", tenantId: "-t, ", clientId: "-c, " })
    .option("--no-interactive", "ask nothing: what is missing is an error")
    .option("--no-check", "store without signing in first");
  return addExamples(command, [
    ["clouder azure configure", "ask for what no variable says"],
    ["clouder azure configure --no-interactive --client-secret-file secret.txt", "for a script"],
  ]);
}

/** Declares the command. */
export function helmValuesOptions(command: Command): Command {
  addAccountOptions(command, { subscriptionId: "", tenantId: "", clientId: "" })
    .option("--cluster <name>", "cluster, as its context is called; `plane up` finds the file by it")
    .option("-g, --resource-group <name>", "resource group with the machines (default: that of the cluster)")
    .option("-o, --output <file>", "file to write; - prints (default: where `plane up` looks)")
    .addOption(new Option("--create-sp", "give the operator a service principal of its own").default(true))
    .option("--no-create-sp", "have the operator sign in as clouder does")
    .option("--reuse-sp-only", "use the service principal of an earlier call, and create none");
  return addExamples(command, [
    ["clouder azure helm-values --cluster prod", "then: plane up datalayer-operator"],
    ["clouder azure helm-values --cluster prod -o - --no-create-sp", "print them"],
  ]);
}

function addAccountOptions(
  command: Command,
  short: Readonly<Record<"subscriptionId" | "tenantId" | "clientId", string>>,
): Command {
  return command
    .option(`${short.subscriptionId}--subscription-id <id>`, "subscription (default: $AZURE_SUBSCRIPTION_ID)")
    .option(`${short.tenantId}--tenant-id <id>`, "tenant (default: $AZURE_TENANT_ID)")
    .option(`${short.clientId}--client-id <id>`, "service principal (default: $AZURE_CLIENT_ID)")
    .option("--client-secret-file <file>", "file with its secret; - reads standard input")
    .option(
      "--client-secret <secret>",
      "its secret (default: $AZURE_CLIENT_SECRET); others can read it in the list of processes",
    );
}
