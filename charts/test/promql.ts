import type { SyntaxNodeRef } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

/** What an expression reads. */
export interface Reading {
  /** Its metrics, each with the labels that it selects by. */
  metrics: { name: string; labels: string[] }[];
  /** The labels that it groups by. */
  grouping: string[];
}

/** Reads an expression of PromQL. @throws Error when it is none. */
export function readPromql(expression: string): Reading {
  const reading: Reading = { metrics: [], grouping: [] };
  const textOf = ({ from, to }: SyntaxNodeRef): string => expression.slice(from, to);
  parser.parse(expression).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expression}`);
      if (node.name === "VectorSelector") reading.metrics.push({ name: "", labels: [] });
      if (node.name === "Identifier" && node.node.parent?.name === "VectorSelector")
        reading.metrics.at(-1)!.name = textOf(node);
      if (node.name === "LabelName")
        (node.node.parent?.name === "GroupingLabels"
          ? reading.grouping
          : reading.metrics.at(-1)!.labels
        ).push(textOf(node));
    },
  });
  return reading;
}
