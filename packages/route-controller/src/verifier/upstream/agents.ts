import { guardedAgent } from "@datalayer/shared/http/guarded-agent";
import { Agent } from "undici";

const connectTimeoutMs = 2_000;
const limits = { connections: 64, pipelining: 1, maxHeaderSize: 32 * 1024 };

/** Connections to addresses that authors of Routes chose. */
export function authorsAgent(): Agent {
  return guardedAgent({ ...limits, connectTimeoutMs });
}

/** Connections to addresses that administrators chose. */
export function administratorsAgent(): Agent {
  return new Agent({ ...limits, connect: { timeout: connectTimeoutMs } });
}
