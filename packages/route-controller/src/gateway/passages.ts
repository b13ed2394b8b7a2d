import type { IncomingMessage } from "node:http";
import { Problem } from "@datalayer/shared/http/problem";
import { parsePass, passHeader, type RoutePass } from "../route/pass.ts";
import { poolOf, runtimeOf } from "./path.ts";
import {
  malformedPath,
  methodNotAllowed,
  noRuntime,
  notLetIn,
  notReady,
  runtimeNotNamed,
  starting,
  tooManyConnections,
} from "./refusal.ts";
import type { RoutePasses } from "./route-passes.ts";
import type { Ending, RuntimeLink } from "./runtime-link.ts";
import type { RuntimeLinks } from "./runtime-links.ts";

/** The way of a request to its runtime. */
export interface Passage {
  link: RuntimeLink;
  /** Counts something as under way until the returned function is called; it ends with the runtime, and with the Route. */
  open: (ending: Ending) => () => void;
}

/** What decides on requests. */
export interface PassagesOptions {
  links: RuntimeLinks;
  passes: RoutePasses;
  /** Requests under way and open WebSockets, of one runtime. */
  maxOpenPerRuntime: number;
}

/** Finds the runtime that the path of a request names, and whether the request may go there. */
export class Passages {
  readonly #options: PassagesOptions;

  constructor(options: PassagesOptions) {
    this.#options = options;
  }

  /** The way of a request, or why there is none. */
  of(request: IncomingMessage): Passage | Problem {
    const link = this.#linkFor(request);
    if (link instanceof Problem) return link;
    const pass = passOf(request);
    const { namespace, pool } = link.pod;
    const refusal = this.#refusalOf(pass, { namespace, pool });
    if (refusal) return refusal;
    const { maxOpenPerRuntime } = this.#options;
    if (link.openCount >= maxOpenPerRuntime) return tooManyConnections(maxOpenPerRuntime);
    return { link, open: (ending) => this.#open(link, pass, ending) };
  }

  #linkFor(request: IncomingMessage): RuntimeLink | Problem {
    const { links } = this.#options;
    const target = request.url ?? "";
    const address = runtimeOf(target);
    if (address === "malformed") return malformedPath();
    if (address === undefined) return this.#withoutRuntime(request, poolOf(target));
    if (request.method === "TRACE") return methodNotAllowed();
    const link = links.find(address);
    if (!link) return links.hasSynced ? noRuntime() : starting();
    return link.connections ? link : notReady();
  }

  #withoutRuntime(request: IncomingMessage, pool: string | undefined): Problem {
    if (pool === undefined) return noRuntime();
    return this.#refusalOf(passOf(request), { pool }) ?? runtimeNotNamed();
  }

  /** Who did not come through the data plane has no pass, and is as free to ask as to ask the runtime itself. */
  #refusalOf(
    pass: RoutePass | undefined,
    destination: Parameters<RoutePasses["allows"]>[1],
  ): Problem | undefined {
    const { passes } = this.#options;
    if (!pass) return undefined;
    if (!passes.hasSynced) return starting();
    return passes.allows(pass, destination) ? undefined : notLetIn();
  }

  #open(link: RuntimeLink, pass: RoutePass | undefined, ending: Ending): () => void {
    const ofRuntime = link.open(ending);
    if (!pass) return ofRuntime;
    const ofRoute = this.#options.passes.open(pass, ending);
    return () => {
      ofRuntime();
      ofRoute();
    };
  }
}

const headerName = passHeader.toLowerCase();
/** What a header that is no pass stands for. */
const ofNoRoute: RoutePass = { uid: "", generation: 0 };

function passOf({ headers }: IncomingMessage): RoutePass | undefined {
  const text = headers[headerName];
  return text === undefined ? undefined : (parsePass(String(text)) ?? ofNoRoute);
}
