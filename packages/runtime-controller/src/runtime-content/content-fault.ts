import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { isForbiddenHost, parseGitSource } from "./git-source.ts";

/** What a content cannot be mounted for until somebody changes it; the reasons of its conditions. */
export interface ContentFault {
  reason:
    | "RevisionMissing"
    | "SourceRefused"
    | "SubPathMissing"
    | "SharedClaimMissing"
    | "SecretMissing"
    | "UidTaken"
    | "DatashimMissing"
    | "DatasetFailed";
  /** The field, its value, and what was expected. */
  message: string;
}

/** What a content is judged by, beside itself. */
export interface ContentSurroundings {
  /** The claim of the shared file system; undefined when none is set. */
  sharedClaim?: string;
  /** The content that this one's uid stands for: the oldest that declares it. */
  ofSameUid?: RuntimeContent;
}

type Rule = (content: RuntimeContent, surroundings: ContentSurroundings) => ContentFault | undefined;

/** The first thing that is wrong with a content beyond what the schema refuses; undefined when nothing is. */
export function contentFaultOf(
  content: RuntimeContent,
  surroundings: ContentSurroundings,
): ContentFault | undefined {
  for (const rule of [uidIsItsOwn, ...rules[content.spec.type]]) {
    const fault = rule(content, surroundings);
    if (fault) return fault;
  }
  return undefined;
}

const uidIsItsOwn: Rule = ({ metadata, spec }, { ofSameUid }) =>
  ofSameUid && ofSameUid.metadata.uid !== metadata.uid
    ? {
        reason: "UidTaken",
        message: `spec.uid: ${spec.uid ?? ""} is the uid of RuntimeContent "${ofSameUid.metadata.name}", which is older; expected one that no other content has.`,
      }
    : undefined;

const isPinned: Rule = ({ spec: { revision } }) =>
  revision === undefined
    ? {
        reason: "RevisionMissing",
        message: "spec.revision is not set; expected the commit to check out, as 40 hexadecimal digits.",
      }
    : undefined;

const isFetchedSafely: Rule = ({ spec: { source = "" } }) => {
  const parsed = parseGitSource(source);
  const refused = (why: string): ContentFault => ({
    reason: "SourceRefused",
    message: `spec.source: ${source}: ${why}.`,
  });
  if (parsed?.scheme !== "https" && parsed?.scheme !== "ssh") return refused("expected https:// or ssh://");
  if (isForbiddenHost(parsed.host)) return refused("repositories are never fetched from this host");
  return undefined;
};

const hasSharedClaim: Rule = (_, { sharedClaim }) =>
  sharedClaim === undefined
    ? {
        reason: "SharedClaimMissing",
        message:
          "spec.type: nfs contents are folders of the shared file system, whose claim is not set: DATALAYER_SHARED_FS_VOLUME_CLAIM_NAME.",
      }
    : undefined;

/** Everybody's files lie in the shared file system: a content is one folder of it, never all. */
const namesFolder: Rule = ({ spec: { subPath = "" } }) =>
  subPath.split("/").every((part) => part === "" || part === ".")
    ? {
        reason: "SubPathMissing",
        message: `spec.subPath: ${JSON.stringify(subPath)}; expected the path of a folder in the shared file system.`,
      }
    : undefined;

const namesSecret: Rule = ({ spec: { secret } }) =>
  secret === undefined
    ? {
        reason: "SecretMissing",
        message:
          "spec.secret is not set; expected the name of a Secret with access_key_id, secret_access_key and region.",
      }
    : undefined;

/** In this order: the first one that speaks is reported. */
const rules: Record<RuntimeContent["spec"]["type"], readonly Rule[]> = {
  git: [isFetchedSafely, isPinned],
  nfs: [hasSharedClaim, namesFolder],
  s3: [namesSecret],
};
