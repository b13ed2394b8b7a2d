import { generateKeyPairSync, randomBytes } from "node:crypto";
import { generate } from "selfsigned";
import { stringify } from "yaml";
import type { ClusterState } from "../process/state.ts";

/** A user of the API server. */
interface User {
  name: string;
  groups: readonly string[];
}

/** The name of the real node, if there is one. */
export const realNodeName = "worker";

/** Everyone who gets a token of their own. */
const users = {
  admin: { name: "admin", groups: ["system:masters"] },
  "controller-manager": { name: "system:kube-controller-manager", groups: [] },
  scheduler: { name: "system:kube-scheduler", groups: [] },
  node: { name: `system:node:${realNodeName}`, groups: ["system:nodes"] },
} satisfies Record<string, User>;

/** Who has a token. */
export type UserKey = keyof typeof users;

/** The files and tokens by which the parts of one cluster know each other. */
export interface Credentials {
  tokens: Record<UserKey, string>;
  tokenFile: string;
  /** Private and public key that sign and check the tokens of service accounts. */
  serviceAccountKeyFile: string;
  serviceAccountPublicKeyFile: string;
  /** By these the API server shows a kubelet who it is; kubelets trust the certificate itself. */
  kubeletClientCertFile: string;
  kubeletClientKeyFile: string;
}

/** Makes new credentials in the cluster's folder. */
export async function createCredentials(state: ClusterState): Promise<Credentials> {
  await state.makeDir("credentials");
  const write = (name: string, content: string) => state.writeFile(`credentials/${name}`, content);
  const keys = Object.keys(users) as UserKey[];
  const tokens = Object.fromEntries(keys.map((key) => [key, randomBytes(24).toString("hex")])) as Record<
    UserKey,
    string
  >;
  const rows = keys.map((key) => tokenRow(tokens[key], users[key]));
  // Keys on a curve are made at once; RSA ones take up to a second.
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kubeletClient = await kubeletClientCertificate();
  return {
    tokens,
    tokenFile: await write("tokens.csv", `${rows.join("\n")}\n`),
    serviceAccountKeyFile: await write(
      "sa.key",
      privateKey.export({ type: "sec1", format: "pem" }).toString(),
    ),
    serviceAccountPublicKeyFile: await write(
      "sa.pub",
      publicKey.export({ type: "spki", format: "pem" }).toString(),
    ),
    kubeletClientCertFile: await write("kubelet-client.crt", kubeletClient.cert),
    kubeletClientKeyFile: await write("kubelet-client.key", kubeletClient.private),
  };
}

function tokenRow(token: string, user: User): string {
  const groups = user.groups.length > 0 ? `,"${user.groups.join(",")}"` : "";
  return `${token},${user.name},${user.name}${groups}`;
}

async function kubeletClientCertificate() {
  const subject = [
    { name: "commonName", value: "kube-apiserver-kubelet-client" },
    { name: "organizationName", value: "system:masters" },
  ];
  return generate(subject, { keyType: "ec", extensions: [{ name: "extKeyUsage", clientAuth: true }] });
}

/** The text of a kubeconfig with one context, `devcluster`. */
export function kubeconfigText(options: { server: string; ca: string; token: string }): string {
  const { server, ca, token } = options;
  const name = "devcluster";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name, cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}
