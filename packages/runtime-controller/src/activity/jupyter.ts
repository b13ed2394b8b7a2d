import { z } from "zod";
import { boundedText } from "./bounded-text.ts";
import type { ServerAnswer } from "./idleness.ts";

/** Where a Jupyter server answers. */
export interface JupyterServer {
  /** Scheme, address and base path, without a slash at the end. */
  url: string;
  token: string;
}

const status = z.object({ last_activity: z.iso.datetime({ offset: true }), connections: z.number() });
const kernels = z.array(
  z.object({
    execution_state: z.string(),
    connections: z.number(),
    last_activity: z.iso.datetime({ offset: true }),
  }),
);
const terminals = z.array(z.object({ last_activity: z.iso.datetime({ offset: true }) }));

const timeoutMs = 3_000;
/** The user runs this server: what it sends is bounded, and never trusted to be what it should. */
const longestBodyBytes = 1_048_576;

/** What decides how a server is asked. */
export interface Question {
  /** Idle time after which the runtime ends. */
  idleMs: number;
  /**
   * For how long no client has used it, where somebody between sees them: then an open connection alone is no use.
   * Undefined where that is not known.
   */
  clientIdleMs: number | undefined;
}

/**
 * Asks a Jupyter server for its use. Its status is enough unless nobody seems to have used it for `idleMs`: only
 * then its kernels and terminals are asked for, as a kernel can be busy for hours without saying anything.
 *
 * The questions themselves do not count as use.
 * @throws Error when there is no answer within 3 s, or one that cannot be read.
 */
export async function askJupyter(
  server: JupyterServer,
  { idleMs, clientIdleMs = Infinity }: Question,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const connectionsCount = clientIdleMs === Infinity;
  const { nowMs, body } = await get(server, "/api/status", signal);
  const { last_activity, connections } = status.parse(body);
  const lastActivityMs = Math.max(Date.parse(last_activity), nowMs - clientIdleMs);
  const answer = { nowMs, lastActivityMs, inUse: connectionsCount && connections > 0 };
  if (answer.inUse || nowMs - answer.lastActivityMs < idleMs) return answer;
  const [running, shells] = await Promise.all([
    get(server, "/api/kernels", signal).then(({ body: list }) => kernels.parse(list)),
    // A server without terminals has no such path.
    get(server, "/api/terminals", signal, [404]).then(({ body: list }) => terminals.parse(list ?? [])),
  ]);
  const times = [...running, ...shells].map((one) => Date.parse(one.last_activity));
  return {
    nowMs,
    lastActivityMs: Math.max(answer.lastActivityMs, ...times),
    inUse: running.some(
      (kernel) => kernel.execution_state === "busy" || (connectionsCount && kernel.connections > 0),
    ),
  };
}

async function get(
  { url, token }: JupyterServer,
  path: string,
  signal: AbortSignal,
  absent: readonly number[] = [],
): Promise<{ nowMs: number; body: unknown }> {
  const response = await fetch(`${url}${path}?no_track_activity=1`, {
    headers: { authorization: `token ${token}` },
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const text = await boundedText(response, longestBodyBytes);
  const nowMs = Date.parse(response.headers.get("date") ?? "");
  if (absent.includes(response.status)) return { nowMs, body: undefined };
  if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}`);
  if (Number.isNaN(nowMs)) throw new Error(`the answer to ${path} has no date`);
  return { nowMs, body: JSON.parse(text) as unknown };
}
