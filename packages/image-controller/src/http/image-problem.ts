import { notFound, Problem } from "@datalayer/shared/http/problem";
import type { ObjectRef } from "@datalayer/shared/kube/object";

/** 404: there is no Image of this name. */
export function noSuchImage({ namespace = "", name }: ObjectRef): Problem {
  return notFound(`no Image is named "${name}" in namespace ${namespace}`);
}

/** 404: the attempt has said nothing yet, or what it said is no longer kept. */
export function noSuchLog(detail: string): Problem {
  return notFound(detail, "no-log");
}

/** 409: the Image as it is does not allow for it. `reason` is the word for programs. */
export function notPossibleNow(type: "image-not-buildable" | "nothing-to-cancel", detail: string): Problem {
  return new Problem(409, { type, title: titles[type], detail });
}

const titles = {
  "image-not-buildable": "Image not buildable",
  "nothing-to-cancel": "Nothing to cancel",
};
