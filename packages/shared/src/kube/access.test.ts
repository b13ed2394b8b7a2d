import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadAccess } from "./access.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "access-"));
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** A kubeconfig (JSON is YAML) with one cluster and one user. */
function kubeconfig(user: object, cluster: object = {}): string {
  return JSON.stringify({
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server: "https://api.test:6443/base", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [
      { name: "c", context: { cluster: "c", user: "u", namespace: "team" } },
      { name: "other", context: { cluster: "c", user: "u", namespace: "other-team" } },
    ],
  });
}

describe("access to a cluster", () => {
  it("comes from the current context, or the one asked for", async () => {
    const kubeconfigYaml = kubeconfig({ token: "t1" });
    const access = loadAccess({ kubeconfigYaml });
    expect(access).toMatchObject({ server: "https://api.test:6443/base", namespace: "team" });
    expect((await access.credentials()).headers).toEqual({ Authorization: "Bearer t1" });
    expect(loadAccess({ kubeconfigYaml, context: "other" }).namespace).toBe("other-team");
  });

  it("is refused for a context that does not exist", () => {
    const kubeconfigYaml = kubeconfig({ token: "t1" });
    expect(() => loadAccess({ kubeconfigYaml, context: "typo" })).toThrow(
      'kubeconfig has no cluster for the context "typo"',
    );
  });

  it("takes certificates and checks of TLS from the kubeconfig, or the files it names", async () => {
    const data = (text: string): string => Buffer.from(text).toString("base64");
    const user = { "client-certificate-data": data("cert"), "client-key": file("key", "key"), as: "ada" };
    const cluster = {
      "certificate-authority-data": data("ca"),
      "insecure-skip-tls-verify": true,
      "tls-server-name": "api",
    };
    const access = loadAccess({ kubeconfigYaml: kubeconfig(user, cluster) });
    const { tls, headers } = await access.credentials();
    expect([tls.ca, tls.cert, tls.key].map(String)).toEqual(["ca", "cert", "key"]);
    expect(tls).toMatchObject({ rejectUnauthorized: false, servername: "api" });
    expect(headers).toEqual({ "Impersonate-User": "ada" });
  });

  it("checks the certificate of the server unless told otherwise", async () => {
    const { tls } = await loadAccess({ kubeconfigYaml: kubeconfig({ token: "t" }) }).credentials();
    expect(tls.rejectUnauthorized).toBeUndefined();
  });

  it("accepts a user name and password", async () => {
    const access = loadAccess({ kubeconfigYaml: kubeconfig({ username: "ada", password: "x:y" }) });
    const expected = `Basic ${Buffer.from("ada:x:y").toString("base64")}`;
    expect((await access.credentials()).headers.Authorization).toBe(expected);
  });

  it("runs the exec plugin of the user", async () => {
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "from-plugin" },
    };
    const args = ["-e", `console.log(${JSON.stringify(JSON.stringify(credential))})`];
    const exec = { apiVersion: credential.apiVersion, command: process.execPath, args };
    const access = loadAccess({ kubeconfigYaml: kubeconfig({ exec }) });
    expect((await access.credentials()).headers.Authorization).toBe("Bearer from-plugin");
  });
});

describe("credentials that change", () => {
  it("follow a rotated token file within ten seconds", async () => {
    const tokenFile = file("token", "first\n");
    const access = loadAccess({ kubeconfigYaml: kubeconfig({ tokenFile, token: "stale" }) });
    expect((await access.credentials()).headers.Authorization).toBe("Bearer first");
    file("token", "second\n");
    vi.advanceTimersByTime(9_000);
    expect((await access.credentials()).headers.Authorization).toBe("Bearer first");
    vi.advanceTimersByTime(2_000);
    expect((await access.credentials()).headers.Authorization).toBe("Bearer second");
  });

  it("follow the token file of an auth provider within seventy seconds", async () => {
    const tokenFile = file("token", "first");
    const authProvider = { name: "tokenFile", config: { tokenFile } };
    const access = loadAccess({ kubeconfigYaml: kubeconfig({ "auth-provider": authProvider }) });
    expect((await access.credentials()).headers.Authorization).toBe("Bearer first");
    file("token", "second");
    vi.advanceTimersByTime(59_000);
    expect((await access.credentials()).headers.Authorization).toBe("Bearer first");
    vi.advanceTimersByTime(11_000);
    expect((await access.credentials()).headers.Authorization).toBe("Bearer second");
  });

  it("follow a rotated CA file, and keep the same TLS material while it does not change", async () => {
    const caFile = file("ca.crt", "first");
    const access = loadAccess({
      kubeconfigYaml: kubeconfig({ token: "t" }, { "certificate-authority": caFile }),
    });
    const { tls } = await access.credentials();
    vi.advanceTimersByTime(11_000);
    expect((await access.credentials()).tls).toBe(tls);
    file("ca.crt", "second");
    vi.advanceTimersByTime(11_000);
    expect(String((await access.credentials()).tls.ca)).toBe("second");
  });

  it("stay in use while their file is missing", async () => {
    const caFile = file("ca.crt", "first");
    const access = loadAccess({
      kubeconfigYaml: kubeconfig({ token: "t" }, { "certificate-authority": caFile }),
    });
    const good = await access.credentials();
    rmSync(caFile);
    vi.advanceTimersByTime(11_000);
    expect(await access.credentials()).toBe(good);
  });

  it("are an error while there never were any", async () => {
    const missing = join(directory, "missing.crt");
    const access = loadAccess({
      kubeconfigYaml: kubeconfig({ token: "t" }, { "certificate-authority": missing }),
    });
    await expect(access.credentials()).rejects.toThrow("missing.crt");
    file("missing.crt", "there now");
    expect(String((await access.credentials()).tls.ca)).toBe("there now");
  });

  it("are read again from the kubeconfig when the server refused them", async () => {
    const kubeconfigPath = file("config", kubeconfig({ token: "old" }));
    const access = loadAccess({ kubeconfigPath });
    const refused = await access.credentials();
    file("config", kubeconfig({ token: "new" }));
    expect((await access.credentials()).headers.Authorization).toBe("Bearer old");
    const [fresh, same] = await Promise.all([access.credentials(refused), access.credentials(refused)]);
    expect(fresh.headers.Authorization).toBe("Bearer new");
    expect(same).toBe(fresh);
  });
});
