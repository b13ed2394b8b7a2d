import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher, WebSocket } from "undici";

/** An answer, whatever its status. */
export interface PlainAnswer {
  status: number;
  headers: Dispatcher.ResponseData["headers"];
  text: string;
}

/** What a call sends. */
export interface PlainCall {
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** A client without any cleverness (no retries above all), so that tests of the proxy see what the proxy did. */
export class PlainClient {
  /** Connections that were open and ended. */
  disconnects = 0;
  readonly #server: string;
  readonly #headers: Record<string, string>;
  readonly #agent: Agent;

  constructor(server: string, options: RequestOptions) {
    const { ca, cert, key } = options;
    const tls = Object.entries({ ca, cert, key }).filter(([, value]) => value !== undefined);
    this.#server = server;
    this.#headers = { ...(options.headers as Record<string, string> | undefined) };
    this.#agent = new Agent({ connect: Object.fromEntries(tls), allowH2: false });
    this.#agent.on("disconnect", () => (this.disconnects += 1));
  }

  /** Sends one request. */
  async call(method: Dispatcher.HttpMethod, path: string, call: PlainCall = {}): Promise<PlainAnswer> {
    const { statusCode, headers, body } = await this.#request(method, path, call);
    return { status: statusCode, headers, text: await body.text() };
  }

  /** Opens a watch on a path that has `watch=true`; resolves when the stream is open. */
  async watch(path: string): Promise<PlainWatch> {
    const { statusCode, body } = await this.#request("GET", path, {});
    if (statusCode !== 200) throw new Error(`watch answered ${statusCode}: ${await body.text()}`);
    return new PlainWatch(body);
  }

  /** Opens the path as a WebSocket; the API server asks for an origin. */
  webSocket(path: string): WebSocket {
    const url = `${this.#server.replace(/^https/, "wss")}${path}`;
    return new WebSocket(url, {
      dispatcher: this.#agent,
      headers: { ...this.#headers, origin: this.#server },
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #request(method: Dispatcher.HttpMethod, path: string, call: PlainCall): Promise<Dispatcher.ResponseData> {
    const headers = { ...this.#headers, "content-type": call.contentType ?? "application/json" };
    return this.#agent.request({
      origin: this.#server,
      path,
      method,
      headers,
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal: call.signal,
    });
  }
}

/** The lines of a watch stream, as they came. */
export class PlainWatch {
  /** Lines received and not taken yet. */
  readonly waiting: string[] = [];
  #end: string | undefined;
  #wake: () => void = () => undefined;
  readonly #body: Dispatcher.ResponseData["body"];

  constructor(body: Dispatcher.ResponseData["body"]) {
    this.#body = body;
    void this.#read();
  }

  /** The next line; rejects when the stream has ended. */
  async next(): Promise<string> {
    await this.#until(() => this.waiting.length > 0 || this.#end !== undefined);
    const line = this.waiting.shift();
    if (line === undefined) throw new Error(`the watch has ended: ${this.#end ?? ""}`);
    return line;
  }

  /** Waits for the end: "end", or the message of the error. */
  async ended(): Promise<string> {
    await this.#until(() => this.#end !== undefined);
    return this.#end ?? "";
  }

  close(): void {
    this.#body.destroy();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  async #read(): Promise<void> {
    try {
      let rest = "";
      for await (const chunk of this.#body.setEncoding("utf8")) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        this.waiting.push(...lines);
        this.#wake();
      }
      this.#end = rest === "" ? "end" : `end within a line`;
    } catch (error) {
      this.#end = error instanceof Error ? error.message : String(error);
    }
    this.#wake();
  }
}

/** A client for the kubeconfig's current context. */
export async function plainClient(kubeconfigPath: string): Promise<PlainClient> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return new PlainClient(config.getCurrentCluster()!.server, options);
}
