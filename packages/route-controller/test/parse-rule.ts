/** A call of a matcher, or calls that `&&`, `||` or `!` join: what Traefik reads in a rule. */
export type Clause =
  { matcher: string; texts: string[] } | { not: Clause } | { and: Clause[] } | { or: Clause[] };

/** Reads a rule as Traefik does: a Go expression of calls with raw strings. */
export function parseRule(rule: string): Clause {
  const reader = new RuleReader(rule);
  const clause = reader.or();
  reader.end();
  return clause;
}

class RuleReader {
  #rest: string;

  constructor(rule: string) {
    this.#rest = rule;
  }

  or(): Clause {
    const clauses = [this.#and()];
    while (this.#take(/^ *\|\| */) !== undefined) clauses.push(this.#and());
    return clauses.length === 1 ? clauses[0]! : { or: clauses };
  }

  end(): void {
    if (this.#rest !== "") throw new SyntaxError(`left over: ${this.#rest}`);
  }

  #and(): Clause {
    const clauses = [this.#unary()];
    while (this.#take(/^ *&& */) !== undefined) clauses.push(this.#unary());
    return clauses.length === 1 ? clauses[0]! : { and: clauses };
  }

  #unary(): Clause {
    if (this.#take(/^!/) !== undefined) return { not: this.#unary() };
    if (this.#take(/^\( */) === undefined) return this.#call();
    const clause = this.or();
    this.#need(/^ *\)/);
    return clause;
  }

  #call(): Clause {
    const matcher = this.#need(/^[A-Za-z]+/);
    this.#need(/^\(/);
    const texts = [this.#text()];
    while (this.#take(/^, */) !== undefined) texts.push(this.#text());
    this.#need(/^\)/);
    return { matcher, texts };
  }

  #text(): string {
    return this.#need(/^`[^`]*`/).slice(1, -1);
  }

  #need(token: RegExp): string {
    const text = this.#take(token);
    if (text === undefined) throw new SyntaxError(`expected ${token.source} before ${this.#rest}`);
    return text;
  }

  #take(token: RegExp): string | undefined {
    const [text] = token.exec(this.#rest) ?? [];
    if (text !== undefined) this.#rest = this.#rest.slice(text.length);
    return text;
  }
}
