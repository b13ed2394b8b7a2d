/** A claim that waits for a runtime of one of some pools. */
export interface Ticket {
  readonly userUid: string;
  /** Keys (`namespace/name`) of the pools that may serve it. */
  readonly pools: ReadonlySet<string>;
}

/**
 * Who is served next. Users take turns, so one with a hundred claims delays another's single one by one, not by
 * a hundred; the claims of one user are served in the order in which they came.
 */
export class WaitingLine<T extends Ticket> {
  /** The map's order is the order of turns. */
  #byUser = new Map<string, T[]>();
  #size = 0;

  /** Number of tickets. */
  get size(): number {
    return this.#size;
  }

  /** Puts a ticket at the end of its user's. */
  add(ticket: T): void {
    const own = this.#byUser.get(ticket.userUid);
    if (own) own.push(ticket);
    else this.#byUser.set(ticket.userUid, [ticket]);
    this.#size++;
  }

  /** Puts back a ticket that was served in vain: it is the next again. */
  putBack(ticket: T): void {
    const own = this.#byUser.get(ticket.userUid) ?? [];
    this.#byUser.delete(ticket.userUid);
    this.#byUser = new Map([[ticket.userUid, [ticket, ...own]], ...this.#byUser]);
    this.#size++;
  }

  /**
   * Takes the ticket that a runtime of this pool goes to; its user's next turn comes after all others'.
   * @param suits - passes over tickets for which it is false. Default: none.
   */
  next(pool: string, suits: (ticket: T) => boolean = () => true): T | undefined {
    for (const [userUid, own] of this.#byUser) {
      const ticket = own.find((each) => each.pools.has(pool) && suits(each));
      if (!ticket) continue;
      this.remove(ticket);
      if (this.#byUser.delete(userUid)) this.#byUser.set(userUid, own);
      return ticket;
    }
    return undefined;
  }

  /** Takes this ticket out; false when it is not there. */
  remove(ticket: T): boolean {
    const own = this.#byUser.get(ticket.userUid) ?? [];
    const index = own.indexOf(ticket);
    if (index < 0) return false;
    own.splice(index, 1);
    this.#size--;
    if (own.length === 0) this.#byUser.delete(ticket.userUid);
    return true;
  }

  /** How many tickets that want one of the same pools are served before this one. */
  ahead(ticket: T): number {
    const rivals = [...this.#byUser.values()].map((own) =>
      own.filter((each) => each === ticket || sharesPool(each, ticket)),
    );
    const turn = rivals.findIndex((own) => own.includes(ticket));
    const before = rivals[turn]?.indexOf(ticket) ?? 0;
    const others = rivals.map((own, index) => Math.min(own.length, before + (index < turn ? 1 : 0)));
    return others.reduce((sum, count, index) => sum + (index === turn ? before : count), 0);
  }

  /** How many tickets there are that one of these pools may serve. */
  waitingFor(pools: ReadonlySet<string>): number {
    return this.all().filter((ticket) => sharesPool(ticket, { pools })).length;
  }

  /** How many tickets a user has. */
  ofUser(userUid: string): number {
    return this.#byUser.get(userUid)?.length ?? 0;
  }

  /** The youngest ticket of the user that has the most. */
  last(): T | undefined {
    const [heaviest] = [...this.#byUser.values()].toSorted((a, b) => b.length - a.length);
    return heaviest?.at(-1);
  }

  /** Every ticket. */
  all(): T[] {
    return [...this.#byUser.values()].flat();
  }
}

function sharesPool(a: Pick<Ticket, "pools">, b: Pick<Ticket, "pools">): boolean {
  return [...a.pools].some((pool) => b.pools.has(pool));
}
