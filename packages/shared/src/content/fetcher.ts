import { literalValueOf } from "../kube/literal-value.ts";
import type { Container, Volume } from "../kube/pod-parts.ts";

/** What is fetched into a volume before a Pod begins its work. */
export interface FetchRequest {
  /** The kind of object that asks, in messages; `RuntimeContent` by default. */
  kind?: string;
  /** Its name. */
  name: string;
  /** Address of a repository, or of an archive. */
  source: string;
  /** What of it: a commit, or an archive with so many leading folders left out of its paths. */
  type?: { git: { revision: string | undefined } } | { archive: { stripComponents: number } };
  /** SHA-256 of the archive, or of the one that git makes of the commit. */
  sha256?: string;
  /** A folder or a file that has to be there. */
  subPath?: string;
  /** Secret in the namespace of the Pod with the credentials. */
  secret?: string;
}

/** What tools/images/git-content/fetch.py expects. */
const fetcher = {
  folder: "/content",
  secretFolder: "/run/secrets/datalayer.io/git",
  secretKeys: ["username", "password", "ssh-privatekey", "known_hosts", "ca.crt"],
};

/** Where in its volume it then lies: a folder of its own, because that of the volume belongs to root. */
export const fetchedTree = "tree";

/** The volumes: what is fetched, and the credentials where there are some. A source that is larger ends the Pod. */
export function fetchVolumes({ secret }: FetchRequest, name: string, sizeLimit: string): Volume[] {
  const files: Volume = { name, emptyDir: { sizeLimit } };
  if (secret === undefined) return [files];
  // Only these keys: a Secret of another purpose, such as the token of a ServiceAccount, has nothing to give away.
  const items = fetcher.secretKeys.map((key) => ({ key, path: key }));
  // Optional, so that the fetcher says what is missing instead of kubelet waiting without a word.
  const source = { secretName: secret, optional: true, defaultMode: 0o440, items };
  return [files, { name: `${name}-secret`, secret: source }];
}

/**
 * The init container that fetches it, and fails when it is not what was asked for. The credentials are mounted in it
 * alone.
 */
export function fetchContainer(request: FetchRequest, name: string, image: string): Container {
  const { secret } = request;
  const credentials = { name: `${name}-secret`, mountPath: fetcher.secretFolder, readOnly: true };
  return {
    name,
    image,
    env: variablesOf(request),
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "1", memory: "512Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name, mountPath: fetcher.folder }, ...(secret === undefined ? [] : [credentials])],
  };
}

function variablesOf({ kind, name, source, type, sha256, subPath, secret }: FetchRequest): Container["env"] {
  const values = {
    KIND: kind,
    NAME: name,
    TYPE: type && "archive" in type ? "archive" : undefined,
    SOURCE: source,
    REVISION: type && "git" in type ? type.git.revision : undefined,
    SHA256: sha256,
    STRIP: type && "archive" in type ? String(type.archive.stripComponents) : undefined,
    SUB_PATH: subPath,
    SECRET: secret,
  };
  return Object.entries(values).flatMap(([variable, value]) =>
    value === undefined ? [] : [{ name: `DATALAYER_CONTENT_${variable}`, value: literalValueOf(value) }],
  );
}
