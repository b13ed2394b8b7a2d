import { X509Certificate } from "node:crypto";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { expect, it } from "vitest";
import { certificateFaultOf } from "./certificate-fault.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** A certificate for a name, valid for a year from now. */
async function certificateFor(name: string): Promise<X509Certificate> {
  return new X509Certificate((await makeCertificate({ ip: "192.0.2.1", name })).cert);
}

it.each([
  ["a.test", "a.test"],
  ["*.a.test", "b.a.test"],
])("a certificate for %s is one for %s", async (name, host) => {
  expect(certificateFaultOf(await certificateFor(name), host, new Date())).toBeUndefined();
});

it.each([
  ["a.test", "b.test"],
  ["a.test", "a.test.evil.test"],
  ["*.a.test", "a.test"],
  ["*.a.test", "c.b.a.test"],
])("a certificate for %s is none for %s, which is told with the names that it has", async (name, host) => {
  const fault = certificateFaultOf(await certificateFor(name), host, new Date());
  expect(fault).toMatch(new RegExp(`^Who asks for ${host} is shown a certificate of other names: .*DNS:`));
  expect(fault).toContain(name);
});

it("a certificate that has ended is none, and its end is told", async () => {
  const certificate = await certificateFor("a.test");
  const later = new Date(certificate.validToDate.getTime() + dayMs);
  expect(certificateFaultOf(certificate, "a.test", later)).toBe(
    `Who asks for a.test is shown a certificate that ended at ${certificate.validToDate.toISOString()}.`,
  );
});
