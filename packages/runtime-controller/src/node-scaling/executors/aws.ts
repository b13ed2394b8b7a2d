import type {
  AutoScalingClient,
  AutoScalingGroup,
  DescribeAutoScalingGroupsCommandOutput,
  DescribeScalingActivitiesCommandOutput,
} from "@aws-sdk/client-auto-scaling";
import {
  callLimitMs,
  callSignal,
  CloudError,
  type CloudGroup,
  type CloudInstance,
  type Executor,
} from "../executor.ts";
import { awsErrorOf } from "./aws-error.ts";
import { type CloudValues, readCloudValues, required } from "./cloud-credentials.ts";
import type { CloudSettings } from "./cloud-settings.ts";

type Sdk = typeof import("@aws-sdk/client-auto-scaling");

const connectMs = 5_000;
const goingStates = /^(Terminat|Detach)/;

/**
 * Scales an Auto Scaling group. AWS cannot make a change depend on the state that was seen, so the group is read once
 * more right before; sizes and machines are named, so that a repetition finds nothing to do.
 */
export class AwsExecutor implements Executor {
  readonly name = "aws";
  readonly group: string;
  readonly #settings: CloudSettings;
  #client: { readonly values: string; readonly client: AutoScalingClient } | undefined;

  constructor(settings: CloudSettings) {
    this.group = settings.group;
    this.#settings = settings;
  }

  instanceOf({ providerId }: { providerId: string | undefined }): string | undefined {
    return /^aws:\/\/\/[^/]*\/(i-[0-9a-f]+)$/.exec(providerId ?? "")?.[1];
  }

  async describe(callerSignal: AbortSignal): Promise<CloudGroup> {
    const signal = callSignal(callerSignal);
    const found = await this.#find(signal);
    const group = groupOf(found);
    const isShort = group.instances.filter(({ phase }) => phase === "running").length < group.desired;
    return isShort ? { ...group, ...(await this.#trouble(signal)) } : group;
  }

  async raise(target: number, seen: CloudGroup, callerSignal: AbortSignal): Promise<void> {
    const signal = callSignal(callerSignal);
    const { desired, max } = groupOf(await this.#find(signal));
    if (desired >= target) return;
    requireUnchanged(desired, seen);
    if (target > max)
      throw new CloudError("CloudRefused", `${target} is more than MaxSize of the group, ${max}.`);
    await this.#send(
      (sdk) =>
        new sdk.SetDesiredCapacityCommand({
          AutoScalingGroupName: this.group,
          DesiredCapacity: target,
          HonorCooldown: false,
        }),
      signal,
    );
  }

  async remove(instanceId: string, seen: CloudGroup, callerSignal: AbortSignal): Promise<void> {
    const signal = callSignal(callerSignal);
    const { desired, min, instances } = groupOf(await this.#find(signal));
    const isRunning = instances.some(({ id, phase }) => id === instanceId && phase === "running");
    // Said twice, it would make the group smaller twice.
    if (!isRunning) return;
    requireUnchanged(desired, seen);
    if (desired <= min)
      throw new CloudError("CloudRefused", `The group has MinSize ${min}, which is its size.`);
    await this.#send(
      (sdk) =>
        new sdk.TerminateInstanceInAutoScalingGroupCommand({
          InstanceId: instanceId,
          ShouldDecrementDesiredCapacity: true,
        }),
      signal,
    );
  }

  async #find(signal: AbortSignal): Promise<AutoScalingGroup> {
    const { AutoScalingGroups: [group] = [] } = await this.#send<DescribeAutoScalingGroupsCommandOutput>(
      (sdk) => new sdk.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [this.group] }),
      signal,
    );
    if (group) return group;
    throw new CloudError("CloudRefused", `There is no Auto Scaling group ${this.group} in this region.`);
  }

  /** What the last activity of the group failed with. */
  async #trouble(signal: AbortSignal): Promise<Pick<CloudGroup, "trouble">> {
    const { Activities: [last] = [] } = await this.#send<DescribeScalingActivitiesCommandOutput>(
      (sdk) => new sdk.DescribeScalingActivitiesCommand({ AutoScalingGroupName: this.group, MaxRecords: 1 }),
      signal,
    );
    return last?.StatusCode === "Failed"
      ? { trouble: last.StatusMessage ?? "The last activity failed." }
      : {};
  }

  async #send<Output>(commandOf: (sdk: Sdk) => unknown, abortSignal: AbortSignal): Promise<Output> {
    const values = await readCloudValues(this.#settings);
    const sdk = await import("@aws-sdk/client-auto-scaling");
    const client = this.#clientFor(values, sdk);
    try {
      const command = commandOf(sdk) as Parameters<AutoScalingClient["send"]>[0];
      return (await client.send(command, { abortSignal })) as Output;
    } catch (error) {
      throw awsErrorOf(error);
    }
  }

  /** A client for the credentials of now. */
  #clientFor(values: CloudValues, { AutoScalingClient }: Sdk): AutoScalingClient {
    const key = JSON.stringify(values);
    if (this.#client?.values === key) return this.#client.client;
    this.#client?.client.destroy();
    const { endpoint } = this.#settings;
    const client = new AutoScalingClient({
      region: values.AWS_REGION ?? required(values, "AWS_DEFAULT_REGION"),
      ...(endpoint !== undefined && { endpoint }),
      ...credentialsOf(values),
      // Whether something is said twice is decided elsewhere.
      maxAttempts: 1,
      requestHandler: { requestTimeout: callLimitMs, connectionTimeout: connectMs },
    });
    this.#client = { values: key, client };
    return client;
  }
}

/** None when there is no access key: then the SDK looks for credentials, as those of a ServiceAccount. */
function credentialsOf(values: CloudValues): object {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SESSION_TOKEN: sessionToken } = values;
  if (accessKeyId === undefined) return {};
  const secretAccessKey = required(values, "AWS_SECRET_ACCESS_KEY");
  return {
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
  };
}

function groupOf({
  DesiredCapacity = 0,
  MinSize = 0,
  MaxSize = 0,
  Instances = [],
}: AutoScalingGroup): CloudGroup {
  const instances = Instances.map(({ InstanceId: id = "", LifecycleState = "" }): CloudInstance => ({
    id,
    phase: goingStates.test(LifecycleState) ? "going" : "running",
  }));
  return { desired: DesiredCapacity, min: MinSize, max: MaxSize, instances };
}

function requireUnchanged(desired: number, seen: CloudGroup): void {
  if (desired === seen.desired) return;
  throw new CloudError(
    "GroupChanged",
    `The group was of size ${seen.desired}, and is of size ${desired} now.`,
  );
}
