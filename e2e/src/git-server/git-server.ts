import { readFile } from "node:fs/promises";
import { get } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { ConfigMap, Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";

/** A git server in a Pod, with one repository, `course.git`, of two commits. */
export interface GitServer {
  /** Address of its Pod. */
  host: string;
  /** `https://host:port` */
  url: string;
  /** What a content's Secret must hold to be let in. */
  secret: Record<string, string>;
  /** The two commits, and the SHA-256 of the archive of the first. */
  facts: { first: string; second: string; sha256: string };
}

const name = "git-server";
const port = 8443;

/** Starts the server; its certificate is its own authority, and names the address and `git.test`. */
export async function startGitServer(kube: RestClient, namespace: string, image: string): Promise<GitServer> {
  const metadata = { name, namespace };
  const script = await readFile(join(import.meta.dirname, "serve.py"), "utf8");
  await kube.create(ConfigMap, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata,
    data: { "serve.py": script },
  });
  await kube.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec: serverSpec(image) });
  const host = await eventually(async () => (await kube.get(Pod, metadata)).status?.podIP, {
    timeoutMs: 60_000,
    message: "the address of the git server",
  });
  const { key, cert } = await makeCertificate({ ip: host, name: "git.test" });
  const stringData = { "tls.crt": cert, "tls.key": key };
  await kube.create(Secret, { apiVersion: "v1", kind: "Secret", metadata, stringData });
  const nudge = { op: "add" as const, path: "/metadata/annotations", value: { certificate: "made" } };
  await kube.patch(Pod, metadata, [nudge]);
  const url = `https://${host}:${port}`;
  const secret = { username: "reader", password: "canary-password", "ca.crt": cert };
  return { host, url, secret, facts: await readFacts(url, cert) };
}

function serverSpec(image: string): Pod["spec"] {
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name,
        image,
        command: ["python3", "/script/serve.py"],
        env: [{ name: "PORT", value: String(port) }],
        volumeMounts: [
          { name: "script", mountPath: "/script" },
          { name: "certificate", mountPath: "/certificate" },
        ],
      },
    ],
    volumes: [
      { name: "script", configMap: { name } },
      { name: "certificate", secret: { secretName: name, optional: true } },
    ],
  };
}

function readFacts(url: string, ca: string): Promise<GitServer["facts"]> {
  const ask = (): Promise<string | undefined> =>
    new Promise((resolve) => {
      get(`${url}/facts`, { ca }, (answer) => resolve(text(answer))).on("error", () => resolve(undefined));
    });
  return eventually(
    async () => {
      const answer = await ask();
      return answer === undefined ? undefined : (JSON.parse(answer) as GitServer["facts"]);
    },
    { timeoutMs: 60_000, message: "the git server to answer" },
  );
}
