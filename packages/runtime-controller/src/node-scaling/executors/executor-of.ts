import type { Node } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Executor } from "../executor.ts";
import { AwsExecutor } from "./aws.ts";
import { AzureExecutor } from "./azure.ts";
import type { CloudSettings } from "./cloud-settings.ts";
import { dryRunExecutor } from "./dry-run.ts";

/** Who carries decisions out. The library of a cloud is loaded when that is asked for the first time. */
export function executorOf(
  cloud: CloudSettings | undefined,
  nodes: Pick<ObjectReader<Node>, "list">,
): Executor {
  switch (cloud?.provider) {
    case "aws":
      return new AwsExecutor(cloud);
    case "azure":
      return new AzureExecutor(cloud);
    case undefined:
      return dryRunExecutor(nodes);
  }
}
