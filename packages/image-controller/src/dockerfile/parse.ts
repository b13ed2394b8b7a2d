import { type Dockerfile, DockerfileParser, type Instruction } from "dockerfile-ast";
import { fullName, type ImageReference, parseReference } from "../registry/reference.ts";
import { expand, type Variables } from "./expand.ts";

/** What of a Dockerfile matters before it is built. */
export interface ParsedDockerfile {
  /** Images that it builds on or copies from, in full, in the order in which it names them; each once. */
  bases: NamedBase[];
  /** The image that reads the Dockerfile in place of BuildKit itself (`# syntax=`). */
  frontend: NamedBase | undefined;
}

/** An image that a Dockerfile names. */
export interface NamedBase {
  /** In full: `docker.io/library/python:3.13`. */
  name: string;
  reference: ImageReference;
}

/** What is wrong with a Dockerfile. */
export class DockerfileError extends Error {
  override readonly name = "DockerfileError";
}

/** No image: the empty one. */
const scratch = "scratch";

/**
 * Reads which images a Dockerfile needs. An image whose name only BuildKit can tell, such as one that depends on the
 * platform, is left out: it is what its tag names when the build begins.
 *
 * @param args - build arguments, which win over the defaults of the Dockerfile.
 * @throws DockerfileError when it has no stage, or names an image by what is no name.
 */
export function parseDockerfile(text: string, args: Variables = new Map()): ParsedDockerfile {
  const dockerfile = DockerfileParser.parse(text);
  const stages = stagesOf(dockerfile, argumentsOf(dockerfile, args));
  if (stages.length === 0) throw new DockerfileError("it has no FROM");
  const stageNames = new Set(stages.flatMap(({ name }) => name?.toLowerCase() ?? []));
  const mentioned = [
    ...stages.map(({ image }) => image),
    ...dockerfile.getInstructions().flatMap(copiedFrom),
  ];
  const images = mentioned.filter(
    (image): image is string => image !== undefined && !isStage(image, stageNames),
  );
  return { bases: uniqueBases(images), frontend: frontendOf(dockerfile) };
}

interface Stage {
  image: string | undefined;
  name: string | null;
}

function stagesOf(dockerfile: Dockerfile, variables: Variables): Stage[] {
  return dockerfile.getFROMs().map((from) => {
    const image = from.getImage();
    if (image === null || image === "") throw new DockerfileError("it has a FROM without an image");
    return { image: expand(image, variables), name: from.getBuildStage() };
  });
}

/** Those before the first FROM, which are all that FROM knows. */
function argumentsOf(dockerfile: Dockerfile, args: Variables): Variables {
  const variables = new Map<string, string>();
  for (const arg of dockerfile.getInitialARGs()) {
    const property = arg.getProperty();
    if (!property) continue;
    const name = property.getName();
    const written = property.getValue();
    const value = args.get(name) ?? (written === null ? undefined : expand(written, variables));
    if (value !== undefined) variables.set(name, value);
  }
  return variables;
}

/** `COPY --from=` and `RUN --mount=from=`; a variable is not allowed there. */
function copiedFrom(instruction: Instruction): string[] {
  const flags = "getFlags" in instruction ? (instruction as InstructionWithFlags).getFlags() : [];
  return flags.flatMap((flag) => {
    if (flag.getName() === "from") return flag.getValue() ?? [];
    if (flag.getName() !== "mount") return [];
    return /(?:^|,)from=([^,]+)/.exec(flag.getValue() ?? "")?.[1] ?? [];
  });
}

type InstructionWithFlags = Instruction & { getFlags(): { getName(): string; getValue(): string | null }[] };

/** Stages are named, or counted from 0. */
function isStage(image: string, names: ReadonlySet<string>): boolean {
  return names.has(image.toLowerCase()) || image.toLowerCase() === scratch || /^[0-9]+$/.test(image);
}

function uniqueBases(images: readonly string[]): NamedBase[] {
  const bases = images.map(baseOf);
  return [...new Map(bases.map((base) => [base.name, base])).values()];
}

function baseOf(image: string): NamedBase {
  const reference = parseReference(image);
  if (!reference) throw new DockerfileError(`"${image.slice(0, 200)}" is not the name of an image`);
  return { name: fullName(reference), reference };
}

function frontendOf(dockerfile: Dockerfile): NamedBase | undefined {
  const directive = dockerfile.getDirectives().find((one) => one.getName().toLowerCase() === "syntax");
  const [image] = directive?.getValue().split(/\s+/) ?? [];
  return image === undefined || image === "" ? undefined : baseOf(image);
}
