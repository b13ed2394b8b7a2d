import type { EnvironmentSource } from "@datalayer/shared/crds/image";
import type { BuildContext } from "../engines/build-context.ts";
import { parseReference } from "../registry/reference.ts";
import { aptStep, condaStep, pipStep, pixiStep, postBuildStep, type Step } from "./steps.ts";

/** Images that hold programs which install packages. */
export interface InstallerImages {
  micromamba: string;
  pixi: string;
}

/** A part of an environment that cannot be compiled; the message names the field and its value. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

const debianPackage = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](?::[a-z0-9]+)?(?:=[A-Za-z0-9.+~:-]+)?$/;
const requirement = /^[A-Za-z0-9][ -#%-[\]^_a-~]*$/;
const field = "spec.source.environment";

/**
 * Compiles an environment to a Dockerfile: the same environment to the same text, whatever the order in which it
 * lists its packages.
 *
 * Nothing that an author writes becomes part of a command, but names of packages and numbers that are checked here
 * once more; all else reaches the programs as files.
 *
 * @param base - of the environment, with the registry that the operator is set to.
 * @throws EnvironmentError when something in it could mean more than a package.
 */
export function compileEnvironment(
  environment: EnvironmentSource,
  { base, installers }: { base: string; installers: InstallerImages },
): BuildContext {
  if (!parseReference(base))
    throw new EnvironmentError(`${field}.base: "${base}" is not the name of an image`);
  const steps = stepsOf(environment, installers);
  const { uid = 1000, gid = 100, postBuild } = environment;
  const user = `${numberOf("uid", uid)}:${numberOf("gid", gid)}`;
  const last = postBuild === undefined ? [] : [postBuildStep(postBuild)];
  const lines = [
    "# Compiled from the environment of an Image.",
    `FROM ${base}`,
    // Python then marks what it compiles by content, as times are rewritten.
    "ARG SOURCE_DATE_EPOCH",
    "USER 0:0",
    ...steps.map(({ instructions }) => instructions),
    `USER ${user}`,
    ...last.map(({ instructions }) => instructions),
  ];
  return { dockerfile: `${lines.join("\n")}\n`, files: [...steps, ...last].flatMap(({ files }) => files) };
}

function stepsOf(environment: EnvironmentSource, installers: InstallerImages): Step[] {
  const { conda, condaLock, pixi } = environment;
  const apt = sorted("apt", environment.apt, debianPackage);
  const pip = sorted("pip", environment.pip, requirement);
  const steps: Step[] = [];
  if (apt.length > 0) steps.push(aptStep(apt));
  if (conda) {
    const dependencies = sorted("conda.packages", conda.packages, requirement);
    const content = JSON.stringify({ channels: conda.channels, dependencies }, null, 2);
    steps.push(condaStep({ path: "environment.yml", content: `${content}\n` }, installers.micromamba));
  }
  if (condaLock !== undefined)
    steps.push(condaStep({ path: "explicit.lock", content: condaLock }, installers.micromamba));
  if (pixi) steps.push(pixiStep(pixi, installers.pixi));
  if (pip.length > 0) steps.push(pipStep(pip));
  return steps;
}

/** The entries in one order, each once. */
function sorted(name: string, entries: readonly string[] = [], form: RegExp): string[] {
  for (const [index, entry] of entries.entries()) {
    if (form.test(entry) && !entry.includes(" -")) continue;
    throw new EnvironmentError(`${field}.${name}[${index}]: ${JSON.stringify(entry)} is not one package`);
  }
  return [...new Set(entries)].sort((a, b) => (a < b ? -1 : 1));
}

function numberOf(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new EnvironmentError(`${field}.${name}: ${value} is not the number of a user or group`);
}
