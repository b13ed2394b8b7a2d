import { generate } from "selfsigned";

/** A key pair of PEM texts; the certificate is its own authority. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Makes a certificate for an address and a name, valid for a year. */
export async function makeCertificate({ ip, name }: { ip: string; name: string }): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 7, ip },
          { type: 2, value: name },
        ],
      },
    ],
  });
  return { key, cert };
}
