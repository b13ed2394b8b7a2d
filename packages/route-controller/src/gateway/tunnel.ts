import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { closeFrame, FrameReader } from "./frames.ts";
import type { Ending } from "./runtime-link.ts";

/** The two ends of a WebSocket, after its handshake. */
export interface TunnelOptions {
  client: Socket;
  runtime: Duplex;
  /** It ends when nothing comes or goes for so long. */
  idleTimeoutMs: number;
  /** Called when the client has sent a message, or a part of one. */
  onMessage: () => void;
  /** Called once both connections are closed. */
  onEnd: () => void;
}

const goingAway = 1001;
/** How long a client may take to close: what has ended must not stay open for a second. */
const farewellMs = 500;

/** An open WebSocket: passes bytes on both ways, no faster than they are read, and looks at its frames only. */
export class Tunnel implements Ending {
  readonly #client: Socket;
  readonly #runtime: Duplex;
  readonly #fromRuntime = new FrameReader();
  #isEnding = false;

  constructor({ client, runtime, idleTimeoutMs, onMessage, onEnd }: TunnelOptions) {
    this.#client = client;
    this.#runtime = runtime;
    const fromClient = new FrameReader();
    client.on("data", (chunk: Buffer) => {
      if (fromClient.read(chunk)) onMessage();
    });
    runtime.on("data", (chunk: Buffer) => this.#follow(chunk));
    client.pipe(runtime);
    runtime.pipe(client);
    client.setTimeout(idleTimeoutMs, () => this.end());
    // What is wrong with one end closes it, and so the other, with what it has still to send.
    for (const end of [client, runtime]) end.on("error", () => undefined);
    client.once("close", () => runtime.destroy());
    runtime.once("close", () => client.destroySoon());
    void Promise.all([closed(client), closed(runtime)]).then(onEnd);
  }

  /** Tells the client that the server goes away (1001), after the frame that is under way, and closes both ends. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#runtime.unpipe(this.#client);
    this.#runtime.resume();
    this.#sayGoodbye();
    setTimeout(() => this.#destroy(), farewellMs).unref();
  }

  #follow(chunk: Buffer): void {
    if (!this.#isEnding) {
      this.#fromRuntime.read(chunk);
      return;
    }
    const rest = chunk.subarray(0, this.#fromRuntime.payloadLeft);
    this.#fromRuntime.read(rest);
    if (rest.length > 0) this.#client.write(rest);
    this.#sayGoodbye();
  }

  #sayGoodbye(): void {
    if (this.#fromRuntime.isBetweenFrames && !this.#client.writableEnded)
      this.#client.end(closeFrame(goingAway));
  }

  #destroy(): void {
    this.#client.destroy();
    this.#runtime.destroy();
  }
}

function closed(end: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (end.closed) resolve();
    else end.once("close", resolve);
  });
}
