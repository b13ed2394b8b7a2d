/** What a replica says of one of its routers. */
export interface Router {
  /** Without the provider. */
  name: string;
  isEnabled: boolean;
  /** Why it is not. */
  errors: readonly string[];
  rule: string;
  priority: number;
  entryPoints: readonly string[];
  /** Without the provider. */
  middlewares: readonly string[];
  hasTls: boolean;
}

/** The routers of one replica that were made of IngressRoutes, by name. */
export type Routers = ReadonlyMap<string, Router>;

const provider = "@kubernetescrd";
/** Few enough for any answer to fit the limit, many enough for most clusters to be one request. */
const perPage = 5_000;
const mostPages = 20;
const longestPageBytes = 32 * 2 ** 20;
const timeoutMs = 10_000;

/**
 * Reads all routers of a replica from its API, page by page.
 * @param api origin of its API.
 * @throws Error when there is no answer within 10 s, or one that cannot be read.
 */
export async function readRouters(api: string, signal: AbortSignal): Promise<Routers> {
  const routers = new Map<string, Router>();
  let page = 1;
  for (let pages = 0; pages < mostPages; pages++) {
    const { items, nextPage } = await readPage(api, page, signal);
    for (const item of items) {
      const router = parseRouter(item);
      if (router) routers.set(router.name, router);
    }
    // After the last page comes "1".
    if (!(nextPage > page)) return routers;
    page = nextPage;
  }
  throw new Error(`it has more than ${mostPages * perPage} routers`);
}

async function readPage(
  api: string,
  page: number,
  signal: AbortSignal,
): Promise<{ items: unknown[]; nextPage: number }> {
  const url = `${api}/api/http/routers?per_page=${perPage}&page=${page}`;
  const response = await fetch(url, {
    redirect: "error",
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const text = await bounded(response);
  if (response.status !== 200) throw new Error(`its API answered ${response.status}`);
  const items = JSON.parse(text) as unknown;
  if (!Array.isArray(items)) throw new Error("its API answered something else than a list of routers");
  return { items, nextPage: Number(response.headers.get("x-next-page")) };
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (!body) return "";
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > longestPageBytes)
      throw new Error(`its list of routers is longer than ${longestPageBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads one entry of the list; undefined for a router that no IngressRoute made, or that cannot be read. */
export function parseRouter(item: unknown): Router | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const { name, status, error, rule, priority, entryPoints, middlewares, tls } = item as Record<
    string,
    unknown
  >;
  if (typeof name !== "string" || !name.endsWith(provider)) return undefined;
  return {
    name: withoutProvider(name),
    isEnabled: status === "enabled",
    errors: texts(error),
    rule: typeof rule === "string" ? rule : "",
    priority: typeof priority === "number" ? priority : 0,
    entryPoints: texts(entryPoints),
    middlewares: texts(middlewares).map(withoutProvider),
    hasTls: tls !== undefined && tls !== null,
  };
}

function withoutProvider(name: string): string {
  return name.endsWith(provider) ? name.slice(0, -provider.length) : name;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
