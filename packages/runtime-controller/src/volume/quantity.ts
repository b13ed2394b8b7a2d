import { quantity } from "@datalayer/shared/config/values";

const units = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
const schema = quantity();

/** Writes bytes as a Kubernetes quantity, in the largest unit that needs no fraction: `10Gi`. */
export function quantityOf(bytes: number): string {
  const step = units.findLastIndex((_, exponent) => bytes % 1024 ** exponent === 0);
  return `${bytes / 1024 ** step}${units[step] ?? ""}`;
}

/** Reads a Kubernetes quantity as bytes; undefined when it is none. */
export function bytesOf(text: string): number | undefined {
  const parsed = schema.safeParse(text);
  return parsed.success ? parsed.data : undefined;
}
