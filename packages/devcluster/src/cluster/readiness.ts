import { readFile } from "node:fs/promises";
import { Agent, request } from "undici";

/** Whether a GET of `url` answers 200; `caPath` is read each time, for a server that makes its own certificate. */
export async function answersOk(
  url: string,
  options: { caPath?: string; signal?: AbortSignal },
): Promise<boolean> {
  const { caPath, signal } = options;
  const ca = caPath === undefined ? undefined : await readFile(caPath, "utf8");
  const dispatcher = new Agent({ connect: { ca } });
  try {
    const { statusCode, body } = await request(url, { dispatcher, signal });
    await body.dump();
    return statusCode === 200;
  } finally {
    await dispatcher.destroy();
  }
}
