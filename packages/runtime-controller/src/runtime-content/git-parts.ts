import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { literalValueOf } from "@datalayer/shared/kube/literal-value";
import type { Container, EnvVariable, Volume, VolumeMount } from "../runtime/pod-parts.ts";

/** What tools/images/git-content/fetch.py expects. */
const fetcher = {
  folder: "/content",
  /** Below the folder; a folder of its own, because that of the volume belongs to root. */
  tree: "tree",
  secretFolder: "/run/secrets/datalayer.io/git",
  secretKeys: ["username", "password", "ssh-privatekey", "known_hosts", "ca.crt"],
};

/** A repository that is larger ends the Pod rather than the node. */
const sizeLimit = "10Gi";

/** The volumes of a git content: its files, and its credentials where it names a Secret. */
export function gitVolumes({ spec }: RuntimeContent, name: string): Volume[] {
  const files: Volume = { name, emptyDir: { sizeLimit } };
  if (spec.secret === undefined) return [files];
  // Only these keys: a Secret of another purpose, such as the token of a ServiceAccount, has nothing to give away.
  const items = fetcher.secretKeys.map((key) => ({ key, path: key }));
  // Optional, so that the fetcher says what is missing instead of kubelet waiting without a word.
  const secret = { secretName: spec.secret, optional: true, defaultMode: 0o440, items };
  return [files, { name: `${name}-secret`, secret }];
}

/**
 * The init container that fetches a git content at its commit, and fails when its archive has another hash. The
 * credentials are mounted in it alone.
 */
export function gitContainer(content: RuntimeContent, name: string, image: string): Container {
  const { secret } = content.spec;
  return {
    name,
    image,
    env: variablesOf(content),
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "1", memory: "512Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [
      { name, mountPath: fetcher.folder },
      ...(secret === undefined
        ? []
        : [{ name: `${name}-secret`, mountPath: fetcher.secretFolder, readOnly: true }]),
    ],
  };
}

/** Where in its volume a git content lies. */
export function gitMountOf({ spec }: RuntimeContent, name: string): Pick<VolumeMount, "name" | "subPath"> {
  const parts = (spec.subPath ?? "").split("/").filter((part) => part !== "" && part !== ".");
  return { name, subPath: [fetcher.tree, ...parts].join("/") };
}

function variablesOf({ metadata, spec }: RuntimeContent): EnvVariable[] {
  const { source, revision, sha256, subPath, secret } = spec;
  const values = {
    NAME: metadata.name,
    SOURCE: source,
    REVISION: revision,
    SHA256: sha256,
    SUB_PATH: subPath,
  };
  return Object.entries({ ...values, SECRET: secret }).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name: `DATALAYER_CONTENT_${name}`, value: literalValueOf(value) }],
  );
}
