import { usageError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { type CloudCredentials, cloudValues } from "./cloud-values.ts";
import { type Cloud, isFolderName, valuesPath } from "./paths.ts";
import { writePrivate } from "./write-private.ts";

/** Where values go: to the file that is named, or where `plane up` looks; `-` is standard output. */
export function outputOf(
  context: CommandContext,
  cloud: Cloud,
  { cluster, output }: { cluster?: string; output?: string },
): string {
  if (cluster !== undefined && !isFolderName(cluster)) {
    throw usageError(`--cluster "${cluster}": expected a name that can be that of a folder`);
  }
  return output ?? valuesPath(context, cloud, cluster);
}

/** Writes values with credentials, for their owner's eyes, or prints them. */
export async function writeCloudValues(
  { terminal }: CommandContext,
  output: string,
  credentials: Pick<CloudCredentials, Cloud>,
): Promise<void> {
  const text = JSON.stringify(cloudValues(credentials), undefined, 2);
  if (output === "-") {
    terminal.out(text);
    return;
  }
  await writePrivate(output, `${text}\n`);
  terminal.tell(`Written: ${output}. What is next:\n  plane up datalayer-operator`);
}
