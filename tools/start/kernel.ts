import { randomUUID } from "node:crypto";
import type { ClaimedRuntime } from "./rest.ts";

/** The part of a Jupyter message that is read here; see the Jupyter messaging protocol, version 5.3. */
interface Message {
  header: { msg_type: string };
  parent_header: { msg_id?: string };
  content: { data?: Record<string, string>; execution_state?: string; ename?: string; evalue?: string };
}

const answerWithinMs = 60_000;

/**
 * Starts a kernel in the runtime, runs a cell in it and gives back the text of its result.
 * @throws Error when the code raises one, the server refuses, or there is no answer within a minute.
 */
export async function runCell(runtime: ClaimedRuntime, code: string): Promise<string> {
  const kernel = await Kernel.start(runtime);
  try {
    return await kernel.run(code);
  } finally {
    kernel.leave();
  }
}

/** A connection to a new kernel. */
export class Kernel {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /**
   * Starts a kernel in the runtime and connects to it.
   * @throws Error when the server refuses, or does not answer within a minute.
   */
  static async start({ ingress, token }: ClaimedRuntime): Promise<Kernel> {
    const response = await fetch(`${ingress}/api/kernels`, {
      method: "POST",
      headers: { authorization: `token ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "python3" }),
      signal: AbortSignal.timeout(answerWithinMs),
    });
    if (!response.ok) throw new Error(`starting a kernel: ${response.status} ${await response.text()}`);
    const { id } = (await response.json()) as { id: string };
    const channels = new URL(`${ingress}/api/kernels/${id}/channels`);
    channels.protocol = channels.protocol === "https:" ? "wss:" : "ws:";
    channels.searchParams.set("token", token);
    const socket = new WebSocket(channels);
    await within(
      "connection to the kernel",
      new Promise((resolve, reject) => {
        socket.addEventListener("open", resolve);
        socket.addEventListener("error", () => reject(new Error("the connection to the kernel broke")));
      }),
    );
    return new Kernel(socket);
  }

  /**
   * Runs a cell and gives back the text of its result.
   * @throws Error when the code raises one, or has not ended within a minute.
   */
  async run(code: string): Promise<string> {
    let result = "";
    return this.#send(code, ({ header, content }, resolve, reject) => {
      if (header.msg_type === "execute_result") result = content.data?.["text/plain"] ?? "";
      if (header.msg_type === "error")
        reject(new Error(`${content.ename ?? "error"}: ${content.evalue ?? ""}`));
      if (header.msg_type === "status" && content.execution_state === "idle") resolve(result);
    });
  }

  /** Sends a cell, and does not wait longer than until the kernel works on it. */
  async begin(code: string): Promise<void> {
    await this.#send(code, ({ header }, resolve) => {
      if (header.msg_type === "execute_input") resolve("");
    });
  }

  /** Ends the connection; the kernel goes on. */
  leave(): void {
    this.#socket.close();
  }

  async #send(
    code: string,
    onMessage: (message: Message, resolve: (result: string) => void, reject: (error: Error) => void) => void,
  ): Promise<string> {
    const request = executeRequest(code);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const read = ({ data }: MessageEvent): void => {
      const message = JSON.parse(String(data)) as Message;
      if (message.parent_header.msg_id === request.header.msg_id) onMessage(message, resolve, reject);
    };
    const broken = (): void => reject(new Error("the connection to the kernel broke"));
    this.#socket.addEventListener("message", read);
    this.#socket.addEventListener("error", broken);
    this.#socket.send(JSON.stringify(request));
    try {
      return await within("answer from the kernel", promise);
    } finally {
      this.#socket.removeEventListener("message", read);
      this.#socket.removeEventListener("error", broken);
    }
  }
}

async function within<Result>(what: string, promise: Promise<Result>): Promise<Result> {
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => tooLate.reject(new Error(`no ${what} within ${answerWithinMs / 1000} s`)),
    answerWithinMs,
  );
  try {
    return await Promise.race([promise, tooLate.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function executeRequest(
  code: string,
): { header: { msg_id: string } & Record<string, string> } & Record<string, unknown> {
  return {
    header: {
      msg_id: randomUUID(),
      session: randomUUID(),
      username: "",
      date: new Date().toISOString(),
      msg_type: "execute_request",
      version: "5.3",
    },
    parent_header: {},
    metadata: {},
    content: { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false },
    channel: "shell",
    buffers: [],
  };
}
