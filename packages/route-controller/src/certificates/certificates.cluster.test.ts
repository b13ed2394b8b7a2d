import { provideCertManager, startCertManager } from "@datalayer/devcluster/testkit/cert-manager";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { startTraefik, type TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { Certificate } from "@datalayer/shared/crds/cert-manager";
import { Route } from "@datalayer/shared/crds/route";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIssuer, installCertManager, uninstallCertManager } from "../../test/cert-manager.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import { certificateFor } from "../../test/peer-certificate.ts";

let cluster: Harness;
let traefik: TestTraefik;
let certManager: string;

beforeAll(async () => {
  certManager = await provideCertManager();
  cluster = await startHarness();
  const { kubeconfigPath, namespace } = cluster;
  traefik = await startTraefik({ kubeconfigPath, namespaces: [namespace] });
  await uninstallCertManager(cluster);
  await cluster.createClass({ issuerRef: { name: "letsencrypt" } });
  await cluster.serve("target", []);
  await cluster.startReplica("first");
});

afterAll(() => uninstallCertManager(cluster));

async function certificateOf(route: string): Promise<Certificate | undefined> {
  const { items } = await cluster.admin.list(Certificate, { namespace: cluster.namespace });
  return items.find(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === route));
}

async function secretNamesOf(route: string): Promise<unknown[]> {
  const { items } = await cluster.admin.list(IngressRoute, { namespace: cluster.namespace });
  const own = items.filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === route));
  return own.flatMap(({ spec }) => spec.tls?.secretName ?? []);
}

describe("given a Route with HTTPS", () => {
  it("uses the Secret that it names, without reading it", async () => {
    await cluster.createRoute("own", { tls: { secretName: "own-tls" } });
    await cluster.condition("own", "CertificateReady", "Unknown", { reason: "SecretNotRead" });
    expect(await secretNamesOf("own")).toEqual(["own-tls"]);
    expect(cluster.proxy.log.filter(({ resource }) => resource === "secrets")).toEqual([]);
  });

  it("says that cert-manager is missing, and is served with what it issues once it is there", async () => {
    await cluster.createRoute("issued", { hosts: ["issued.test", "www.issued.test"], tls: {} });
    const route = await cluster.condition("issued", "CertificateReady", "False", {
      reason: "CertManagerMissing",
    });
    expect(findCondition(route.status?.conditions ?? [], "Ready")).toMatchObject({
      status: "False",
      reason: "CertManagerMissing",
    });

    await installCertManager(cluster);
    const certificate = await eventually(() => certificateOf("issued"), { timeoutMs: 40_000 });
    expect(certificate.spec).toEqual({
      secretName: certificate.metadata.name,
      dnsNames: ["issued.test", "www.issued.test"],
      issuerRef: { name: "letsencrypt", kind: "ClusterIssuer", group: "cert-manager.io" },
    });
    expect(await secretNamesOf("issued")).toEqual([certificate.metadata.name]);

    await startCertManager(certManager, cluster.kubeconfigPath);
    await eventually(
      async () => {
        const { status } = await cluster.route("issued");
        const { reason, message } = findCondition(status?.conditions ?? [], "CertificateReady") ?? {};
        return reason === "CertificatePending" && message?.endsWith("as Secret does not exist");
      },
      { timeoutMs: 30_000, message: "what cert-manager says of the certificate" },
    );
    await createIssuer(cluster, "letsencrypt");
    await cluster.condition("issued", "CertificateReady", "True");
    const names = async (): Promise<string | undefined> =>
      (await certificateFor(traefik.secureUrl, "www.issued.test")).subjectaltname;
    await eventually(async () => (await names()) === "DNS:issued.test, DNS:www.issued.test", {
      message: "Traefik having the certificate",
    });
  });

  it("asks the issuer of the Route where it names one, and lets the certificate go when it is not needed", async () => {
    const issuerRef = { name: "team", kind: "Issuer" as const };
    await cluster.createRoute("team", { tls: { issuerRef } });
    const certificate = await eventually(() => certificateOf("team"));
    expect(certificate.spec.issuerRef).toEqual({ ...issuerRef, group: "cert-manager.io" });
    const ref = { namespace: cluster.namespace, name: "team" };
    await cluster.admin.patch(Route, ref, [{ op: "remove", path: "/spec/tls" }]);
    await eventually(async () => !(await certificateOf("team")), { message: "the certificate being gone" });
  });
});
