import { quantity } from "@datalayer/shared/config/values";

/** How much of each resource, by its name: cores, bytes, or pieces. What is not named is 0. */
export type Amounts = Readonly<Record<string, number>>;

/** Sums of fractions of cores are off by less than this. */
const rounding = 1e-6;
const schema = quantity();

/** Reads quantities as Kubernetes writes them; one that cannot be read counts as none. */
export function amountsOf(quantities: Readonly<Record<string, string>> = {}): Amounts {
  const entries = Object.entries(quantities).map(([name, text]) => [name, schema.safeParse(text).data ?? 0]);
  return Object.fromEntries(entries) as Amounts;
}

/** The sum. */
export function sumOf(all: readonly Amounts[]): Amounts {
  const total: Record<string, number> = {};
  for (const amounts of all) {
    for (const [name, amount] of Object.entries(amounts)) total[name] = (total[name] ?? 0) + amount;
  }
  return total;
}

/** What is left of `amounts` when `taken` is gone; below 0 where there was not enough. */
export function less(amounts: Amounts, taken: Amounts): Amounts {
  return sumOf([amounts, multiplied(taken, -1)]);
}

/** So many times as much. */
export function multiplied(amounts: Amounts, factor: number): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount * factor]));
}

/** Whether there is room for `load` in what is free. */
export function fitsIn(load: Amounts, free: Amounts): boolean {
  return Object.entries(load).every(
    ([name, amount]) => amount <= 0 || amount <= (free[name] ?? 0) + rounding,
  );
}
