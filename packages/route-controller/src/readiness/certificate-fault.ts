import type { X509Certificate } from "node:crypto";

const longestNames = 200;

/** Why a browser would not take the certificate for the host, in a sentence; undefined when it would. Not of who signed it. */
export function certificateFaultOf(
  certificate: X509Certificate,
  host: string,
  now: Date,
): string | undefined {
  const { subject, subjectAltName = subject, validToDate } = certificate;
  if (certificate.checkHost(host) === undefined) {
    const names = subjectAltName.replaceAll("\n", ", ").slice(0, longestNames);
    return `Who asks for ${host} is shown a certificate of other names: ${names}.`;
  }
  return validToDate < now
    ? `Who asks for ${host} is shown a certificate that ended at ${validToDate.toISOString()}.`
    : undefined;
}
