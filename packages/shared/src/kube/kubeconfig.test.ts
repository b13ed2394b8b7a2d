import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readContext } from "./kubeconfig.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kubeconfig-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** A kubeconfig whose context, cluster and user all have this name. */
function kubeconfig(name: string, current = name): string {
  return `
apiVersion: v1
kind: Config
current-context: ${current}
clusters: [{ name: ${name}, cluster: { server: "https://${name}.test", certificate-authority: ca.crt } }]
users: [{ name: ${name}, user: { tokenFile: /run/${name}, client-key: keys/${name} } }]
contexts: [{ name: ${name}, context: { cluster: ${name}, user: ${name}, namespace: of-${name} } }]
`;
}

describe("the context of a kubeconfig", () => {
  it("has its cluster, user and namespace, with paths relative to the file", () => {
    expect(readContext({ kubeconfigPath: file("config", kubeconfig("a")) })).toEqual({
      name: "a",
      cluster: { server: "https://a.test", "certificate-authority": join(directory, "ca.crt") },
      user: { tokenFile: "/run/a", "client-key": join(directory, "keys/a") },
      namespace: "of-a",
    });
  });

  it("comes from the home directory when no other is named", () => {
    mkdirSync(join(directory, ".kube"));
    file(".kube/config", kubeconfig("home"));
    const other = file("other", kubeconfig("other"));
    const serverOf = (environment: Record<string, string>) => readContext({ environment }).cluster.server;
    expect(serverOf({ HOME: directory })).toBe("https://home.test");
    expect(serverOf({ HOME: directory, KUBECONFIG: "" })).toBe("https://home.test");
    expect(serverOf({ HOME: directory, KUBECONFIG: other })).toBe("https://other.test");
  });

  it("may be any of several files; the first one says which", () => {
    const KUBECONFIG = [file("a", kubeconfig("a", "b")), file("b", kubeconfig("b"))].join(delimiter);
    expect(readContext({ environment: { KUBECONFIG } }).namespace).toBe("of-b");
    expect(readContext({ environment: { KUBECONFIG }, context: "a" }).namespace).toBe("of-a");
  });

  it.each(["", "kind: Config", kubeconfig("a", "typo")])("is missing in %j", (text) => {
    expect(() => readContext({ kubeconfigPath: file("config", text) })).toThrow(
      "kubeconfig has no cluster for the context",
    );
  });
});

describe("in a Pod", () => {
  const pod = (host: string) => ({
    HOME: directory,
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: "6443",
  });

  it.each([
    ["10.96.0.1", "https://10.96.0.1:6443"],
    ["fd00::1", "https://[fd00::1]:6443"],
  ])("the cluster at %s is reached with the files of the ServiceAccount", (host, server) => {
    file("namespace", "team\n");
    expect(readContext({ environment: pod(host) }, directory)).toEqual({
      cluster: { server, "certificate-authority": join(directory, "ca.crt") },
      user: { tokenFile: join(directory, "token") },
      namespace: "team",
    });
  });

  it("a kubeconfig that is named comes first", () => {
    const KUBECONFIG = file("config", kubeconfig("a"));
    expect(readContext({ environment: { ...pod("10.96.0.1"), KUBECONFIG } }, directory).namespace).toBe(
      "of-a",
    );
  });

  it("and nowhere else there is a cluster without a kubeconfig", () => {
    expect(() => readContext({ environment: { HOME: directory } }, directory)).toThrow("no cluster found");
  });
});
