import { quantity } from "@datalayer/shared/config/values";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ClaimError } from "../claim/claim-error.ts";
import type { ColdStart } from "../claim/claim-request.ts";

/** What a class of runtimes gets, as Kubernetes quantities, and costs. */
export interface SizeClass {
  cpu: string;
  memory: string;
  /** Credits per second. */
  burningRate: number;
}

const resources = ["cpu", "memory"] as const;
const amountOf = quantity();

/**
 * The pool as it would be if its runtimes were as large as the claim wants; requests equal limits. A class brings
 * its own price. With single resources the price is the pool's; they lie within the environment's default range,
 * from its requests, where it has them, to its limits.
 * @throws ClaimError `invalid` naming the field, its value and what was expected.
 */
export function sizedPool(
  pool: RuntimePool,
  environment: RuntimeEnvironment,
  { coldStart, classes }: { coldStart: ColdStart; classes: ReadonlyMap<string, SizeClass> },
): RuntimePool {
  const { sizeClass, resources: wanted = {} } = coldStart;
  if (sizeClass === undefined) {
    for (const name of resources) checkRange(name, wanted[name], environment);
    return withResources(pool, wanted);
  }
  const size = classes.get(sizeClass);
  if (!size) {
    const known = [...classes.keys()].join(", ");
    throw new ClaimError("invalid", `size_class: "${sizeClass}" is not one of ${known}`);
  }
  const { cpu, memory, burningRate } = size;
  const sized = withResources(pool, { cpu, memory });
  return { ...sized, spec: { ...sized.spec, burningRate } };
}

function withResources(pool: RuntimePool, wanted: { cpu?: string; memory?: string }): RuntimePool {
  const given = Object.fromEntries(
    resources.flatMap((name) => (wanted[name] === undefined ? [] : [[name, wanted[name]]])),
  ) as { cpu?: string; memory?: string };
  const { requests, limits } = pool.spec.resources ?? {};
  const both = { requests: { ...requests, ...given }, limits: { ...limits, ...given } };
  return { ...pool, spec: { ...pool.spec, resources: both } };
}

function checkRange(
  name: (typeof resources)[number],
  text: string | undefined,
  { spec }: RuntimeEnvironment,
): void {
  if (text === undefined) return;
  const amount = amountOf.safeParse(text).data;
  if (amount === undefined) {
    const expected = amountOf.description ?? "a quantity";
    throw new ClaimError("invalid", `resources.${name}: "${text}" is not ${expected}`);
  }
  const { requests, limits } = spec.resourcesRanges.default;
  if (isWithin(amount, requests?.[name], limits[name])) return;
  const range = `from ${requests?.[name] ?? "more than 0"} to ${limits[name] ?? "any"}`;
  throw new ClaimError(
    "invalid",
    `resources.${name}: "${text}" is out of the range of the environment, ${range}`,
  );
}

function isWithin(amount: number, least: string | undefined, most: string | undefined): boolean {
  const isEnough = least === undefined ? amount > 0 : amount >= amountOf.parse(least);
  return isEnough && (most === undefined || amount <= amountOf.parse(most));
}
