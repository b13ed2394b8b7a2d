import { once } from "node:events";
import { connect, type PeerCertificate } from "node:tls";

/** The certificate that is shown at an HTTPS URL to whoever asks for a host. */
export async function certificateFor(url: string, host: string): Promise<PeerCertificate> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), servername: host, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}
