import type { Image, ImageStatus } from "@datalayer/shared/crds/image";

type Phase = NonNullable<ImageStatus["phase"]>;
type Describe = (status: ImageStatus, image: Image) => string;

const describeByPhase: Readonly<Record<Phase, Describe>> = {
  Pending: () => "It waits to be looked at.",
  Resolving: () => "Its source and the images that it builds on are being looked at.",
  Queued: ({ build }) => `It waits for its turn to be built${since(build?.queuedAt)}.`,
  Building: ({ build }) => `${attempt(build)} runs${since(build?.startedAt)}.`,
  Verifying: () => "What was pushed is being compared with what was built.",
  Publishing: () => "The tags are being moved to the new build.",
  Ready: ({ image, tags = [] }) =>
    `It is published as ${image ?? "an unknown image"}${tags.length > 0 ? `, under the tags ${tags.join(", ")}` : ""}.`,
  BackingOff: ({ build, nextAttemptAt }) =>
    `${attempt(build)} failed for a reason that may pass: ${ending(build)} It is tried again${at(nextAttemptAt)}.`,
  Stalled: ({ build }) =>
    build?.finishedAt === undefined
      ? "Nothing is built until something is changed."
      : `${attempt(build)} failed: ${ending(build)} Nothing is built until something is changed.`,
  Suspended: () => "It is suspended: nothing new is built.",
};

/** What happens to an Image now, in words. */
export function stateOf(image: Image): string {
  if (image.metadata.deletionTimestamp !== undefined) return "It is being deleted.";
  const { status } = image;
  return status?.phase === undefined
    ? "The controller has not looked at it yet."
    : describeByPhase[status.phase](status, image);
}

function attempt(build: ImageStatus["build"]): string {
  const number = build?.attempt === undefined ? "An attempt" : `Attempt ${build.attempt}`;
  return build?.job === undefined ? number : `${number}, by Job ${build.job},`;
}

function ending(build: ImageStatus["build"]): string {
  const said = build?.message ?? build?.reason ?? "the reason is not known";
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

function since(time: string | undefined): string {
  return time === undefined ? "" : ` since ${time}`;
}

function at(time: string | undefined): string {
  return time === undefined ? "" : ` at ${time}`;
}
