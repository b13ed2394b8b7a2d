import type { Condition } from "@datalayer/shared/crds/conditions";
import { ageOf } from "../terminal/age.ts";
import type { Paint } from "../terminal/terminal.ts";
import { table } from "../terminal/table.ts";
import type { EventRow } from "./events.ts";
import type { TreeNode } from "./tree.ts";

/** An object with all that tells how it is. */
export interface Explanation {
  readonly object: string;
  readonly conditions: readonly Condition[];
  readonly tree: TreeNode;
  readonly events: readonly EventRow[];
}

const SHOWN_EVENTS = 15;

/** An explanation for people. */
export function explainPage({ conditions, tree, events }: Explanation, paint: Paint, nowMs: number): string {
  const sections = [
    drawTree(tree, paint),
    conditions.length === 0
      ? ""
      : `${paint("bold", "Conditions")}\n${indented(conditionsTable(conditions, nowMs))}`,
    `${paint("bold", "Events")}\n${indented(eventsTable(events, nowMs))}`,
  ];
  return sections.filter(Boolean).join("\n\n");
}

function drawTree(root: TreeNode, paint: Paint): string {
  const lines: string[] = [lineOf(root, paint)];
  const walk = ({ children }: TreeNode, indent: string): void => {
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1;
      lines.push(`${indent}${isLast ? "└─" : "├─"} ${lineOf(child, paint)}`);
      walk(child, `${indent}${isLast ? "  " : "│ "} `);
    }
  };
  walk(root, "");
  return lines.join("\n");
}

function lineOf({ object, state, message, isWell }: TreeNode, paint: Paint): string {
  if (state === "") return object;
  const said = message === "" ? "" : `: ${message}`;
  return `${object}  ${paint(isWell ? "green" : "red", state)}${said}`;
}

function conditionsTable(conditions: readonly Condition[], nowMs: number): string {
  return table(
    ["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"],
    conditions.map(({ type, status, reason, message, lastTransitionTime }) => [
      type,
      status,
      reason,
      ageOf(lastTransitionTime, nowMs),
      message,
    ]),
  );
}

function eventsTable(events: readonly EventRow[], nowMs: number): string {
  if (events.length === 0) return "none in the last hour or so: the API server forgets them";
  return table(
    ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"],
    events
      .slice(-SHOWN_EVENTS)
      .map(({ lastSeen, type, reason, object, count, message }) => [
        `${ageOf(lastSeen, nowMs)}${count > 1 ? ` (x${count})` : ""}`,
        type,
        reason,
        object,
        message,
      ]),
  );
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
