import type { Server } from "node:https";
import type { Socket } from "node:net";

/** The open TCP connections of one port. A TLS socket cannot be reset, only the TCP socket below it. */
export class Connections {
  readonly #byRemotePort = new Map<number, Socket>();

  constructor(server: Server) {
    server.on("connection", (socket: Socket) => this.#add(socket));
  }

  /** Resets the connection that this socket belongs to. */
  reset(socket: Socket): void {
    const raw = this.#byRemotePort.get(socket.remotePort ?? 0);
    if (raw === undefined) socket.destroy();
    else raw.resetAndDestroy();
  }

  /** Resets every connection. */
  resetAll(): void {
    for (const socket of this.#byRemotePort.values()) socket.resetAndDestroy();
  }

  #add(socket: Socket): void {
    const { remotePort } = socket;
    if (remotePort === undefined) return;
    this.#byRemotePort.set(remotePort, socket);
    socket.once("close", () => this.#byRemotePort.delete(remotePort));
  }
}
