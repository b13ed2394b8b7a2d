import type { Route } from "@datalayer/shared/crds/route";

/**
 * The header by which the data plane tells the gateway through which Route a request came. It takes the place of what a
 * client sends by that name, and ends at the gateway.
 */
export const passHeader = "X-Datalayer-Route";

/** A Route as it was when it let a request in. */
export interface RoutePass {
  /** Uid of the Route. */
  uid: string;
  /** Of its spec. */
  generation: number;
}

/** The value of {@link passHeader} for requests that this Route lets in. */
export function passTextOf({ metadata: { uid, generation = 1 } }: Route): string {
  return `${uid}/${generation}`;
}

/** Reads the value of {@link passHeader}; undefined when it is none. */
export function parsePass(text: string): RoutePass | undefined {
  const [, uid, generation] = /^([0-9A-Za-z-]{1,64})\/([1-9][0-9]{0,14})$/.exec(text) ?? [];
  return uid === undefined ? undefined : { uid, generation: Number(generation) };
}
