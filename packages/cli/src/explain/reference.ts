import type { CustomResourceDefinition } from "../cluster/kinds.ts";
import { usageError } from "../command/command-error.ts";
import { closestName } from "@datalayer/shared/config/near-miss";

/** What a reader asks for. */
export interface Asked {
  /** The definition of one of our kinds; undefined for a runtime, which is a Pod. */
  readonly definition: CustomResourceDefinition | undefined;
  readonly name: string;
}

/** Shorter words than the kinds' own. */
const nicknames: Readonly<Record<string, string>> = {
  pool: "runtime-pools",
  environment: "runtime-environments",
  env: "runtime-environments",
  content: "runtime-contents",
  class: "route-classes",
};

const runtimeWords = ["runtime", "runtimes", "pod", "pods", "po"];

/**
 * Reads `kind/name`; a kind goes by any name that kubectl knows, and some shorter ones. Pure.
 *
 * @throws CommandError (usage) when there is no such kind.
 */
export function parseReference(text: string, definitions: readonly CustomResourceDefinition[]): Asked {
  const [word = "", name = "", ...rest] = text.split("/");
  if (word === "" || name === "" || rest.length > 0) {
    throw usageError(`"${text}" names no object: expected kind/name, such as pool/python`);
  }
  const kind = word.toLowerCase();
  if (runtimeWords.includes(kind)) return { definition: undefined, name };
  const definition = definitions.find(({ spec }) => wordsFor(spec.names, spec.group).includes(kind));
  if (definition) return { definition, name };
  throw unknownKind(word, definitions);
}

function wordsFor(names: CustomResourceDefinition["spec"]["names"], group: string): string[] {
  const { plural, singular, shortNames = [], kind } = names;
  const short = Object.entries(nicknames).flatMap(([word, meant]) => (meant === plural ? [word] : []));
  const own = [plural, ...(singular ? [singular] : []), kind.toLowerCase(), ...shortNames, ...short];
  return [...own, `${plural}.${group}`];
}

function unknownKind(word: string, definitions: readonly CustomResourceDefinition[]): Error {
  const known = [
    "runtime",
    ...definitions.flatMap(({ spec: { names } }) => [names.singular ?? names.plural]),
    ...Object.keys(nicknames),
  ];
  const meant = closestName(word.toLowerCase(), known);
  return usageError(
    `there is no kind "${word}" of the operator in this cluster`,
    meant === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${meant}?`,
  );
}
