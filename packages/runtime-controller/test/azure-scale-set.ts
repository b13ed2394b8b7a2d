interface Machine {
  instanceId: string;
  provisioningState: "Creating" | "Succeeded" | "Deleting";
}

/** A change of the scale set that Azure has taken, and carries out while it is asked how far it is. */
export class LongOperation {
  #polls: number;
  readonly #finish: () => void;
  #error: { code: string; message: string } | undefined;
  #isDone = false;

  /** @param polls - times that it says that it is under way. */
  constructor(polls: number, finish: () => void) {
    this.#polls = polls;
    this.#finish = finish;
  }

  /** Lets it end with an error, and nothing done. */
  fail(error: { code: string; message: string }): void {
    this.#error = error;
  }

  /** Its state, asked for once more. */
  poll(): object {
    if (this.#polls-- > 0) return { status: "InProgress" };
    if (this.#error) return { status: "Failed", error: this.#error };
    if (!this.#isDone) this.#finish();
    this.#isDone = true;
    return { status: "Succeeded" };
  }
}

/** One virtual machine scale set, as Azure shows it and changes it. */
export class AzureScaleSet {
  orchestrationMode: "Uniform" | "Flexible" = "Uniform";
  capacity = 0;
  machines: Machine[] = [];
  /** Times that an operation is under way before it is done. */
  polls = 1;
  readonly #id: string;
  #version = 1;
  #launched = 0;

  /** @param id - its resource ID. */
  constructor(id: string) {
    this.#id = id;
  }

  get etag(): string {
    return `"${this.#version}"`;
  }

  /** Begins anew, with so many machines. */
  reset(count: number): void {
    this.orchestrationMode = "Uniform";
    this.machines = [];
    this.polls = 1;
    this.resize(count);
  }

  /** Changes the capacity as its administrator would. */
  resize(capacity: number): void {
    this.capacity = capacity;
    this.#version++;
    this.#launch("Succeeded");
  }

  has(instanceId: string): boolean {
    return this.machines.some((machine) => machine.instanceId === instanceId);
  }

  update(capacity: number): LongOperation {
    this.capacity = capacity;
    this.#version++;
    this.#launch("Creating");
    return new LongOperation(this.polls, () => {
      for (const machine of this.machines)
        if (machine.provisioningState === "Creating") machine.provisioningState = "Succeeded";
    });
  }

  delete(instanceId: string): LongOperation {
    this.#version++;
    for (const machine of this.machines)
      if (machine.instanceId === instanceId) machine.provisioningState = "Deleting";
    return new LongOperation(this.polls, () => {
      this.machines = this.machines.filter((machine) => machine.instanceId !== instanceId);
      this.capacity--;
    });
  }

  /** As Get answers. */
  view(): object {
    return {
      id: this.#id,
      name: nameIn(this.#id),
      type: "Microsoft.Compute/virtualMachineScaleSets",
      location: "westeurope",
      etag: this.etag,
      sku: { name: "Standard_D4s_v5", tier: "Standard", capacity: this.capacity },
      properties: { provisioningState: "Succeeded", orchestrationMode: this.orchestrationMode },
    };
  }

  /** As List answers for its machines. */
  machineViews(): object[] {
    return this.machines.map(({ instanceId, provisioningState }) => ({
      id: `${this.#id}/virtualMachines/${instanceId}`,
      name: `${nameIn(this.#id)}_${instanceId}`,
      location: "westeurope",
      instanceId,
      properties: { provisioningState },
    }));
  }

  #launch(provisioningState: Machine["provisioningState"]): void {
    while (this.machines.length < this.capacity) {
      this.machines.push({ instanceId: String(this.#launched++), provisioningState });
    }
  }
}

function nameIn(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
