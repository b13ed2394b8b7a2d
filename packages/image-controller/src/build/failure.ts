import { imageReason, type ImageReason } from "@datalayer/shared/crds/image";

/** Why a build failed. */
export interface BuildFailure {
  reason: ImageReason;
  /** A sentence for people. */
  message: string;
  /** Whether the same build may succeed the next time. */
  isPassing: boolean;
}

type Rule = readonly [pattern: RegExp, reason: ImageReason, message: string, isPassing?: true];

const unauthorized = /\b40[13]\b|unauthorized|denied|forbidden|insufficient_scope|authorization failed/i;
const notFound = /\b404\b|not found|name[ _]unknown|manifest[ _]unknown|does not exist/i;

/** What BuildKit says last when it could not push. */
const ofPush: readonly Rule[] = [
  [unauthorized, imageReason.pushRefused, "The registry did not let the build push."],
  [notFound, imageReason.pushNotFound, "The registry has no such repository."],
  [/./, imageReason.pushUnavailable, "The registry did not take the image.", true],
];

/** The same, when it could not get an image that it builds on. */
const ofBase: readonly Rule[] = [
  [
    /not allowed by (?:source )?policy|policy denied|source.*denied by policy/i,
    imageReason.baseNotAllowed,
    "The build needs an image from where none may come.",
  ],
  [unauthorized, imageReason.baseRefused, "The registry did not give an image that is built on."],
  [notFound, imageReason.baseNotFound, "An image that is built on is not there."],
  [/./, imageReason.baseUnavailable, "The registry of an image that is built on does not answer well.", true],
];

const ofBuild: readonly Rule[] = [
  [/no space left on device|disk quota exceeded/i, imageReason.outOfDisk, "The build ran out of disk.", true],
  [
    /exit code: 137\b|cannot allocate memory|signal: killed/i,
    imageReason.outOfMemory,
    "A command of the build ran out of memory.",
    true,
  ],
  [
    /dockerfile parse error|unknown instruction|failed to read dockerfile|failed to process|target stage .* could not be found|failed to parse stage name|failed to compute cache key/i,
    imageReason.invalidDockerfile,
    "The Dockerfile cannot be built.",
  ],
  [/did not complete successfully: exit code/i, imageReason.buildFailed, "A command of the build failed."],
  [
    /rootlesskit|could not connect to|buildkitd\.sock|connection refused|i\/o timeout|unexpected EOF|connection reset/i,
    imageReason.buildFailed,
    "The builder did not come up, or lost its connections.",
    true,
  ],
];

const anything: Rule = [/(?:)/, imageReason.buildFailed, "The build failed."];

const messages: readonly { about: RegExp; rules: readonly Rule[] }[] = [
  { about: /failed to push|pushing (?:layers|manifest).*(?:error|failed)/i, rules: ofPush },
  {
    about:
      /source policy|denied by policy|not allowed by policy|failed to resolve source metadata|failed to (?:copy|authorize|fetch oauth token)|pull access denied/i,
    rules: ofBase,
  },
  { about: /(?:)/, rules: [...ofBuild, anything] },
];

/** What the last lines of a builder mean. What is not known is taken for a fault of the build itself. */
export function failureOfLog(log: string): BuildFailure {
  // Its error comes last; what commands printed before could say anything.
  const error = withoutNames(log.slice(Math.max(0, log.search(/^(?:error|ERROR): /m))));
  const { rules } = messages.find(({ about }) => about.test(error)) ?? { rules: [anything] };
  const [, reason, message, isPassing = false] = rules.find(([pattern]) => pattern.test(error)) ?? anything;
  return { reason, message, isPassing };
}

/** Commands and images that an error names are what authors write, and could mean anything. */
function withoutNames(error: string): string {
  return error
    .replaceAll(/process "(?:[^"\\]|\\.)*" did not/g, "process did not")
    .replaceAll(/(failed to push|source metadata for|(?:failed|error) (?:pulling|pushing)) \S+/g, "$1");
}

const fetchedLater = /^(?:HostNotFound|GitFailed|TimedOut)/;

/** What the termination message of the fetcher means. */
export function failureOfFetch(message: string): BuildFailure {
  const text = `The source was not fetched: ${message.split("\n")[0] ?? ""}`;
  if (/^SecretMissing/.test(message))
    return { reason: imageReason.secretNotFound, message: text, isPassing: false };
  if (/^(?:SourceNotFound|RevisionNotFound|SubPathNotFound)/.test(message))
    return { reason: imageReason.sourceNotFound, message: text, isPassing: false };
  if (message === "" || fetchedLater.test(message))
    return { reason: imageReason.sourceUnavailable, message: text, isPassing: true };
  return { reason: imageReason.sourceRefused, message: text, isPassing: false };
}
