import { type AST, RegExpParser } from "@eslint-community/regexpp";

/** Tried in this order where a class leaves the choice. */
const candidates = ["a", "0", "A", "_", "-", ".", "~", "/"];

/**
 * A text that a regular expression finds as a whole: as short as it can be, and one with every part that may be left
 * out. Undefined when none can be made up, or it is no expression of JavaScript's, which has what Routes may hold of RE2.
 * @param isFit - what else the text has to be.
 */
export function sampleOf(expression: string, isFit: (text: string) => boolean): string | undefined {
  const pattern = parse(expression);
  if (!pattern) return undefined;
  const whole = new RegExp(`^(?:${expression})$`);
  return [0, 1]
    .map((least) => sampleOfAny(pattern.alternatives, least))
    .find((text) => text !== undefined && whole.test(text) && isFit(text));
}

function parse(expression: string): AST.Pattern | undefined {
  try {
    return new RegExpParser().parsePattern(expression);
  } catch {
    return undefined;
  }
}

/** @param least - how often to repeat what may be left out. */
function sampleOfAny(alternatives: readonly AST.Alternative[], least: number): string | undefined {
  const texts = alternatives.map(({ elements }) => elements.map((element) => sampleOfOne(element, least)));
  return texts.find((parts) => !parts.includes(undefined))?.join("");
}

function sampleOfOne(element: AST.Element, least: number): string | undefined {
  if (element.type === "Group" || element.type === "CapturingGroup")
    return sampleOfAny(element.alternatives, least);
  if (element.type !== "Quantifier") return sampleOfAtom(element);
  const times = Math.min(Math.max(element.min, least), element.max);
  return sampleOfOne(element.element, least)?.repeat(times);
}

function sampleOfAtom(
  element: Exclude<AST.Element, AST.Group | AST.CapturingGroup | AST.Quantifier>,
): string | undefined {
  switch (element.type) {
    case "Character":
      return String.fromCodePoint(element.value);
    case "CharacterSet":
      return candidates[0];
    case "CharacterClass":
      return candidatesFor(element).find((text) => isIn(element, text));
    case "Assertion":
      return "";
    case "Backreference":
    case "ExpressionCharacterClass":
      return undefined;
  }
}

/** What a class names itself, and what it may mean by naming what it is not. */
function candidatesFor({ elements }: AST.CharacterClass): string[] {
  const named = elements.map((element) => {
    if (element.type === "Character") return String.fromCodePoint(element.value);
    return element.type === "CharacterClassRange" ? String.fromCodePoint(element.min.value) : "";
  });
  return [...named.filter(Boolean), ...candidates];
}

function isIn({ raw }: AST.CharacterClass, text: string): boolean {
  return new RegExp(`^${raw}$`).test(text);
}
