import type {
  ComputeManagementClient,
  ComputeManagementClientOptionalParams,
  VirtualMachineScaleSet,
} from "@azure/arm-compute";
import { callSignal, CloudError, type CloudGroup, type CloudInstance, type Executor } from "../executor.ts";
import { azureErrorOf } from "./azure-error.ts";
import { readCloudValues, required } from "./cloud-credentials.ts";
import type { CloudSettings } from "./cloud-settings.ts";

/** The part of a long-running operation that is followed. */
interface Operation {
  submitted(): Promise<void>;
  /** @throws Error when the operation has failed, and when it could not be asked for. */
  poll(options: { abortSignal: AbortSignal }): Promise<{ status: string }>;
  readonly operationState: { status: string } | undefined;
}

interface Session {
  readonly values: string;
  readonly client: ComputeManagementClient;
  readonly resourceGroup: string;
}

const providerIdPattern =
  /^azure:\/\/\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Compute\/virtualMachineScaleSets\/([^/]+)\/virtualMachines\/(\d+)$/i;

/**
 * Scales a virtual machine scale set in orchestration mode Uniform. Its capacity is raised upon the very version that
 * was seen (`If-Match`); a machine is deleted by its instance id, which makes the capacity smaller by one.
 */
export class AzureExecutor implements Executor {
  readonly name = "azure";
  readonly group: string;
  readonly #settings: CloudSettings;
  #session: Session | undefined;
  #sku: VirtualMachineScaleSet["sku"];
  /** What is under way, as far as this process has asked for it: only there the cloud says why it fails. */
  #operations: Operation[] = [];
  #trouble: string | undefined;

  constructor(settings: CloudSettings) {
    this.group = settings.group;
    this.#settings = settings;
  }

  instanceOf({ providerId }: { providerId: string | undefined }): string | undefined {
    const [, , resourceGroup = "", scaleSet = "", id] = providerIdPattern.exec(providerId ?? "") ?? [];
    const isOurs = isSame(scaleSet, this.group) && isSame(resourceGroup, this.#session?.resourceGroup ?? "");
    return isOurs ? id : undefined;
  }

  describe(signal: AbortSignal): Promise<CloudGroup> {
    return this.#call(signal, async ({ client, resourceGroup }, abortSignal) => {
      const set = await client.virtualMachineScaleSets.get(resourceGroup, this.group, { abortSignal });
      requireUniform(set);
      this.#sku = set.sku;
      const instances: CloudInstance[] = [];
      const machines = client.virtualMachineScaleSetVMs.list(resourceGroup, this.group, { abortSignal });
      for await (const { instanceId = "", provisioningState } of machines) {
        instances.push({ id: instanceId, phase: provisioningState === "Deleting" ? "going" : "running" });
      }
      await this.#follow(abortSignal);
      const desired = desiredOf(set.sku?.capacity ?? 0, instances);
      const trouble = this.#trouble ?? troubleOf(set);
      return {
        desired,
        min: 0,
        max: Infinity,
        instances,
        ...(set.etag !== undefined && { version: set.etag }),
        ...(trouble !== undefined && { trouble }),
      };
    });
  }

  raise(target: number, { version }: CloudGroup, signal: AbortSignal): Promise<void> {
    return this.#call(signal, async ({ client, resourceGroup }, abortSignal) => {
      const change = { sku: { ...this.#sku, capacity: target } };
      const options = { abortSignal, ...(version !== undefined && { ifMatch: version }) };
      await this.#begin(client.virtualMachineScaleSets.update(resourceGroup, this.group, change, options));
    });
  }

  remove(instanceId: string, _: CloudGroup, signal: AbortSignal): Promise<void> {
    return this.#call(signal, async ({ client, resourceGroup }, abortSignal) => {
      const options = { abortSignal };
      await this.#begin(
        client.virtualMachineScaleSetVMs.delete(resourceGroup, this.group, instanceId, options),
      );
    });
  }

  /** Returns once the cloud has taken it; how it goes on, a later look shows. */
  async #begin(operation: Operation): Promise<void> {
    await operation.submitted();
    this.#trouble = undefined;
    this.#operations.push(operation);
  }

  async #follow(abortSignal: AbortSignal): Promise<void> {
    const running: Operation[] = [];
    for (const operation of this.#operations) {
      try {
        const { status } = await operation.poll({ abortSignal });
        if (status === "running" || status === "notStarted") running.push(operation);
      } catch (error) {
        if (operation.operationState?.status !== "failed") throw error;
        this.#trouble = azureErrorOf(error).message;
      }
    }
    this.#operations = running;
  }

  async #call<T>(
    signal: AbortSignal,
    call: (session: Session, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const abortSignal = callSignal(signal);
    try {
      return await call(await this.#open(), abortSignal);
    } catch (error) {
      throw azureErrorOf(error);
    }
  }

  /** A client for the credentials of now. */
  async #open(): Promise<Session> {
    const values = await readCloudValues(this.#settings);
    const key = JSON.stringify(values);
    if (this.#session?.values === key) return this.#session;
    const [{ ComputeManagementClient }, { ClientSecretCredential }] = await Promise.all([
      import("@azure/arm-compute"),
      import("@azure/identity"),
    ]);
    const { authorityHost, endpoint } = this.#settings;
    const credential = new ClientSecretCredential(
      required(values, "AZURE_TENANT_ID"),
      required(values, "AZURE_CLIENT_ID"),
      required(values, "AZURE_CLIENT_SECRET"),
      // Another authority is not known to the public one, which would be asked about it.
      authorityHost === undefined ? onceOnly : { ...onceOnly, authorityHost, disableInstanceDiscovery: true },
    );
    const options =
      endpoint === undefined ? onceOnly : { ...onceOnly, endpoint, credentials: scopeOf(endpoint) };
    const client = new ComputeManagementClient(
      credential,
      required(values, "AZURE_SUBSCRIPTION_ID"),
      options,
    );
    this.#operations = [];
    this.#session = { values: key, client, resourceGroup: required(values, "AZURE_RESOURCE_GROUP") };
    return this.#session;
  }
}

/** Whether something is said twice is decided elsewhere. */
const onceOnly = { retryOptions: { maxRetries: 0 } } satisfies ComputeManagementClientOptionalParams;

function scopeOf(endpoint: string): { scopes: string[] } {
  return { scopes: [`${endpoint}/.default`] };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function requireUniform({ name = "", orchestrationMode }: VirtualMachineScaleSet): void {
  if (orchestrationMode !== "Flexible") return;
  const expected = "expected Uniform, in which a machine is named by an instance id";
  throw new CloudError("CloudRefused", `Scale set ${name} has orchestrationMode Flexible: ${expected}.`);
}

/** A machine that is being deleted counts into the capacity until Azure takes it out: that it has, the count shows. */
function desiredOf(capacity: number, instances: readonly CloudInstance[]): number {
  const going = instances.filter(({ phase }) => phase === "going").length;
  return capacity === instances.length ? capacity - going : capacity;
}

/** All that is told of an operation that another process has asked for. */
function troubleOf({ provisioningState }: VirtualMachineScaleSet): string | undefined {
  return provisioningState === "Failed" ? "Azure: the scale set has provisioningState Failed." : undefined;
}
