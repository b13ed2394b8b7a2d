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
export async function runCell({ ingress, token }: ClaimedRuntime, code: string): Promise<string> {
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
  try {
    return await execute(socket, code);
  } finally {
    socket.close();
  }
}

async function execute(socket: WebSocket, code: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = executeRequest(code);
  let result = "";
  socket.addEventListener("open", () => socket.send(JSON.stringify(request)));
  socket.addEventListener("error", () => reject(new Error("the connection to the kernel broke")));
  socket.addEventListener("message", ({ data }) => {
    const { header, parent_header, content } = JSON.parse(String(data)) as Message;
    if (parent_header.msg_id !== request.header.msg_id) return;
    if (header.msg_type === "execute_result") result = content.data?.["text/plain"] ?? "";
    if (header.msg_type === "error")
      reject(new Error(`${content.ename ?? "error"}: ${content.evalue ?? ""}`));
    if (header.msg_type === "status" && content.execution_state === "idle") resolve(result);
  });
  const timer = setTimeout(
    () => reject(new Error(`no answer from the kernel within ${answerWithinMs / 1000} s`)),
    answerWithinMs,
  );
  try {
    return await promise;
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
