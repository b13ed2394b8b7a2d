import { type Dispatcher, errors, request } from "undici";

/** One question to a server that somebody else runs: its time and its answer are bounded. */
export interface GetOptions {
  dispatcher: Dispatcher;
  headers?: Readonly<Record<string, string>>;
  /** For all of it, in milliseconds. */
  timeoutMs: number;
  longestBodyBytes: number;
}

/** What it answered; redirects are not followed. */
export interface GetAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

/**
 * Asks once; a second time when the connection was an old one that the server had just closed.
 * @throws Error when there is no whole answer in time.
 */
export async function get(url: string, options: GetOptions): Promise<GetAnswer> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  try {
    return await getOnce(url, options, signal);
  } catch (error) {
    if (!(error instanceof errors.SocketError)) throw error;
    return getOnce(url, options, signal);
  }
}

async function getOnce(url: string, options: GetOptions, signal: AbortSignal): Promise<GetAnswer> {
  const { dispatcher, headers, longestBodyBytes } = options;
  const answer = await request(url, { dispatcher, headers, signal });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > longestBodyBytes)
      throw new Error(`the answer of ${url} is longer than ${longestBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString("utf8") };
}
