import type { Paint } from "../terminal/terminal.ts";
import { table } from "../terminal/table.ts";
import type { KindStatus, StatusReport } from "./status.ts";

/** Programs get all of them. */
const SHOWN_PROBLEMS = 20;

/** A report for people: problems first, then one table after the other. */
export function statusPage(report: StatusReport, paint: Paint): string {
  const sections: [string, string][] = [
    [paint("bold", "Controllers"), controllersTable(report)],
    [paint("bold", "Kinds"), definitionsTable(report)],
    [paint("bold", "Pools"), poolsTable(report)],
  ];
  return [
    problemsOf(report, paint),
    ...sections.filter(([, text]) => text !== "").map(([title, text]) => `${title}\n${indented(text)}`),
    counts(report),
    ...(report.hidden.length > 0 ? [`Not allowed to read: ${report.hidden.join(", ")}`] : []),
  ]
    .filter(Boolean)
    .join("\n\n");
}

function problemsOf({ problems, isHealthy }: StatusReport, paint: Paint): string {
  if (problems.length === 0) return isHealthy ? `${paint("green", "✔")} No problems` : "";
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ object, reason, message }) => {
    return `  ${paint("red", "✗")} ${object}: ${paint("yellow", reason)}${message === "" ? "" : `: ${message}`}`;
  });
  const more = problems.length - shown.length;
  const rest = more > 0 ? [`  and ${more} more: -o json has all`] : [];
  return [paint("bold", `Problems (${problems.length})`), ...shown, ...rest].join("\n");
}

function controllersTable({ controllers }: StatusReport): string {
  if (controllers.length === 0) return "";
  return table(
    ["NAME", "READY", "LEADER", "VERSION", "IMAGE"],
    controllers.map(({ component, ready, desired, leader = "", version, images }) => [
      component,
      `${ready}/${desired}`,
      leader,
      version,
      images.join(", "),
    ]),
  );
}

function definitionsTable({ definitions }: StatusReport): string {
  if (definitions.length === 0) return "";
  return table(
    ["NAME", "VERSION", "SERVED", "OBJECTS"],
    definitions.map(({ name, version, served, objects }) => [
      name,
      version,
      served.join(","),
      String(objects),
    ]),
  );
}

function poolsTable({ pools }: StatusReport): string {
  if (pools.length === 0) return "";
  return table(
    ["NAME", "NAMESPACE", "DESIRED", "AVAILABLE", "PENDING", "ASSIGNED", "READY", "REASON"],
    pools.map(({ name, namespace, desired, available, pending, assigned, ready, reason }) => [
      name,
      namespace,
      ...[desired, available, pending, assigned].map(String),
      ready,
      reason,
    ]),
  );
}

function counts({ images, routes }: StatusReport): string {
  const line = (name: string, { total, notReady }: KindStatus): string =>
    total === 0 ? "" : `${name}: ${total}${notReady === 0 ? ", all ready" : `, ${notReady} not ready`}`;
  return [line("Images", images), line("Routes", routes)].filter(Boolean).join("\n");
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
