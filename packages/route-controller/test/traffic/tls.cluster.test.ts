import { type Certificate, makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { beforeAll, describe, expect, it } from "vitest";
import { type Echo, startEcho } from "../echo.ts";
import { certificateFor } from "../peer-certificate.ts";
import { ruleFor, type Stage, startStage } from "./stage.ts";

let stage: Stage;
let echo: Echo;

beforeAll(async () => {
  stage = await startStage();
  echo = await startEcho("target");
  await stage.cluster.serve("target", [echo]);
  await stage.certificate("certificate", "secure.test");
});

/** Name in the certificate that Traefik shows for a host. */
async function nameFor(host: string): Promise<unknown> {
  return (await certificateFor(stage.traefik.secureUrl, host)).subject.CN;
}

describe("HTTPS", () => {
  const tls = { secretName: "certificate" };

  it("is served with the certificate of the Route", async () => {
    await stage.serve("secure", { tls: { ...tls, httpPolicy: "Redirect" } });
    await eventually(async () => (await nameFor("secure.test")) === "secure.test", {
      message: "the certificate",
    });
    expect((await stage.askSecurely("secure", "/a")).json).toMatchObject({ echo: "target", url: "/a" });
  });

  it("is where HTTP leads, by Redirect", async () => {
    const before = echo.requests;
    const { status, headers } = await stage.ask("secure", "/a?b=c");
    expect([status, headers.location]).toEqual([301, "https://secure.test/a?b=c"]);
    expect((await stage.ask("secure", "/", { method: "POST" })).status).toBe(308);
    expect(echo.requests).toBe(before);
  });

  it("leaves the challenges of certificate authorities to whoever answers them", async () => {
    expect((await stage.ask("secure", "/.well-known/acme-challenge/token")).status).toBe(404);
  });

  it("is the only way, by Deny", async () => {
    await stage.serve("denied", { tls: { ...tls, httpPolicy: "Deny" } });
    expect((await stage.ask("denied", "/")).status).toBe(404);
    expect((await stage.askSecurely("denied", "/")).status).toBe(200);
  });

  it("is one of two ways, by Allow", async () => {
    await stage.serve("allowed", { tls: { ...tls, httpPolicy: "Allow" } });
    expect((await stage.ask("allowed", "/")).status).toBe(200);
    expect((await stage.askSecurely("allowed", "/")).status).toBe(200);
  });

  it("is not served for a Route without it", async () => {
    await stage.serve("plain");
    expect((await stage.askSecurely("plain", "/")).status).toBe(404);
  });

  it("marks the cookies of a sticky policy as its own", async () => {
    await stage.serve("cookies", {
      tls: { ...tls, httpPolicy: "Redirect" },
      policy: { sticky: { sameSite: "None" } },
    });
    const { headers } = await stage.askSecurely("cookies", "/");
    expect(headers["set-cookie"]).toEqual([expect.stringMatching(/Secure; SameSite=None$/)]);
  });
});

describe("a certificate of the client", () => {
  let mine: Certificate;
  let other: Certificate;

  beforeAll(async () => {
    const ip = stage.traefik.address;
    [mine, other] = (await Promise.all(["ada", "eve"].map((name) => makeCertificate({ ip, name })))) as [
      Certificate,
      Certificate,
    ];
    await stage.secret("authorities", { "ca.crt": mine.cert });
    await stage.serve("guarded", {
      auth: { kind: "clientCert", caSecretName: "authorities" },
      tls: { secretName: "certificate", httpPolicy: "Redirect" },
      rules: [ruleFor("/")],
    });
    await stage.serve("unguarded", { tls: { secretName: "certificate", httpPolicy: "Redirect" } });
  });

  it("lets in who has one of the authority", async () => {
    expect((await stage.askSecurely("guarded", "/a", { client: mine })).json).toMatchObject({ url: "/a" });
  });

  it("is asked for: without one, or with one of another authority, nothing comes in", async () => {
    const before = echo.requests;
    await expect(stage.askSecurely("guarded", "/")).rejects.toThrow(/certificate/);
    await expect(stage.askSecurely("guarded", "/", { client: other })).rejects.toThrow(
      /certificate|unknown ca/i,
    );
    expect(echo.requests).toBe(before);
  });

  it("is not passed by a connection for another host", async () => {
    const before = echo.requests;
    const { status } = await stage.askSecurely("unguarded", "/", { headers: { host: "guarded.test" } });
    expect(status).toBe(421);
    expect(echo.requests).toBe(before);
  });

  it("is not passed by HTTP", async () => {
    const before = echo.requests;
    expect((await stage.ask("guarded", "/")).status).toBe(301);
    expect(echo.requests).toBe(before);
  });
});
