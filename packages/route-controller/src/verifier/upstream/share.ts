/** How many questions to one service may be under way. A slow one must not take all connections and memory. */
const mostPerOrigin = 256;

/** Counts the questions under way by service. */
export class UpstreamShare {
  readonly #underWay = new Map<string, number>();

  /** Runs it, unless as many as allowed are under way to this origin; then answers undefined at once. */
  async take<T>(origin: string, ask: () => Promise<T>): Promise<T | undefined> {
    const before = this.#underWay.get(origin) ?? 0;
    if (before >= mostPerOrigin) return undefined;
    this.#underWay.set(origin, before + 1);
    try {
      return await ask();
    } finally {
      const left = (this.#underWay.get(origin) ?? 1) - 1;
      if (left > 0) this.#underWay.set(origin, left);
      else this.#underWay.delete(origin);
    }
  }

  /** How many are under way in all. */
  get total(): number {
    return [...this.#underWay.values()].reduce((sum, count) => sum + count, 0);
  }
}
