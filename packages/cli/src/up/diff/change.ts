import { createTwoFilesPatch } from "diff";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { stringify } from "yaml";
import type { Paint } from "../../terminal/terminal.ts";
import { comparable, type Comparable } from "./comparable.ts";

/** What would become of one object. */
export interface Change {
  /** `apps/v1/Deployment/datalayer-runtimes/datalayer-runtime-controller`. */
  readonly object: string;
  readonly action: "create" | "update" | "delete" | "unchanged" | "refused";
  /** A unified diff of YAML; of what is refused, the reason. */
  readonly diff: string;
}

/** An object by kind, namespace and name. */
export function objectName({ apiVersion, kind, metadata }: KubeObject): string {
  return [apiVersion, kind, metadata.namespace, metadata.name].filter(Boolean).join("/");
}

/** Compares two states of an object; undefined stands for one that is not there. Pure. */
export function changeOf(before: KubeObject | undefined, after: KubeObject | undefined): Change {
  const either = before ?? after;
  const object = either === undefined ? "" : objectName(either);
  const [from, to] = comparable(before, after).map(write);
  if (from === to) return { object, action: "unchanged", diff: "" };
  const action = before === undefined ? "create" : after === undefined ? "delete" : "update";
  const diff = createTwoFilesPatch(`live/${object}`, `next/${object}`, from ?? "", to ?? "", "", "", {
    context: 3,
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  });
  return { object, action, diff: diff.trimEnd() };
}

/** Keys in order: the API server keeps none. */
function write(object: Comparable | undefined): string {
  return object === undefined ? "" : stringify(object, { sortMapEntries: true, lineWidth: 0 });
}

/** A unified diff in the colours that git uses. */
export function paintDiff(diff: string, paint: Paint): string {
  return diff
    .split("\n")
    .map((line) => {
      if (/^(---|\+\+\+) /.test(line)) return paint("bold", line);
      if (line.startsWith("@@")) return paint("cyan", line);
      if (line.startsWith("+")) return paint("green", line);
      return line.startsWith("-") ? paint("red", line) : line;
    })
    .join("\n");
}

/** `2 to create, 1 to change, 14 unchanged`. */
export function summary(changes: readonly Change[]): string {
  const words = [
    ["create", "to create"],
    ["update", "to change"],
    ["delete", "to delete"],
    ["refused", "refused"],
    ["unchanged", "unchanged"],
  ] as const;
  const counts = words.map(([action, word]) => {
    const count = changes.filter((change) => change.action === action).length;
    return count === 0 ? "" : `${count} ${word}`;
  });
  return counts.filter(Boolean).join(", ") || "no objects";
}
