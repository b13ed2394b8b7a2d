import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";

/** What a runtime is named after. */
export interface NameSources {
  /** Undefined when it has been deleted since the runtime was made. */
  environment?: RuntimeEnvironment;
  /** Type of the runtime, such as `notebook`. */
  type: string;
  /** Wall clock, milliseconds since the epoch. */
  nowMs: number;
}

/** The longest name that a caller may give is as long. */
const maxLength = 256;
const placeholder = /\{(title|environment|type|date|time)\}/g;

/**
 * The name of a runtime whose claim gives none: what the environment's `kernel.givenNameTemplate` says, else type
 * and time. Published templates are plain text, such as `AI Runtime`, so all but the few placeholders stands for
 * itself. What is put in is not looked at again: a template takes one pass, whatever it says.
 */
export function givenNameOf({ environment, type, nowMs }: NameSources): string {
  const instant = new Date(nowMs).toISOString();
  const template = environment?.spec.kernel?.givenNameTemplate?.trim() ?? "";
  if (!environment || template === "") return `${type} ${instant.slice(0, 16)}`;
  const values: Record<string, string> = {
    title: environment.spec.title,
    environment: environment.metadata.name,
    type,
    date: instant.slice(0, 10),
    time: instant.slice(11, 16),
  };
  const name = template.replaceAll(placeholder, (_, key: string) => values[key] ?? "");
  return name.slice(0, maxLength).toWellFormed();
}
