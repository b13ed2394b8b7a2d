import { routeReason } from "@datalayer/shared/crds/route";
import type { RefusedBy } from "./probe-plan.ts";
import type { Finding } from "./verdict.ts";

/** What came back from a request through a replica. */
export type ProbeAnswer =
  | {
      kind: "answered";
      status: number;
      location?: string;
      /** The beginning of the body. */
      body: string;
      /** What is wrong with the certificate that came with it, in a sentence; absent when nothing is, and without TLS. */
      certificateFault?: string;
    }
  /** The replica ended the TLS handshake because there was no certificate of a client. */
  | { kind: "certificate required" }
  | { kind: "failed"; message: string };

/** The bodies of Traefik's own answers. A target that answers with the very same cannot be told apart. */
const ofTraefik: Readonly<Record<number, string>> = {
  404: "404 page not found",
  502: "Bad Gateway",
  503: "no available server",
  504: "Gateway Timeout",
};

/** Words of a path to which services send those that have not signed in. */
const signIn = /\/(login|log-in|signin|sign-in|sign_in|oauth|oauth2|authorize)(\/|$)/i;

/** Whether a redirect leads to where one signs in. */
export function leadsToSignIn(location: string): boolean {
  // What comes after the path may well name a place to sign in at, of somewhere that is none.
  return signIn.test(URL.parse(location, "http://any.test")?.pathname ?? "");
}

/**
 * Whether a request without credentials got what it should, and from whom it asked. Anything else than a clear answer
 * is Unknown.
 */
export function judge(answer: ProbeAnswer, refusedBy: RefusedBy): Finding {
  const finding = judgeAnswer(answer, refusedBy);
  // Strangers who are let in are told of first.
  if (finding.status !== "True" || answer.kind !== "answered" || answer.certificateFault === undefined)
    return finding;
  return { status: "False", reason: routeReason.certificateNotServed, message: answer.certificateFault };
}

function judgeAnswer(answer: ProbeAnswer, refusedBy: RefusedBy): Finding {
  if (answer.kind === "failed") return inconclusive(`A request got no answer: ${answer.message}.`);
  if (refusedBy === "handshake") return judgeHandshake(answer);
  if (answer.kind === "certificate required")
    return inconclusive("A request was not let in without a certificate, which the Route does not ask for.");
  const own = judgeOwn(answer);
  if (own) return own;
  return refusedBy === "nobody"
    ? behaves(`A request was answered with ${answer.status}.`)
    : judgeRefusal(answer, refusedBy);
}

function judgeHandshake(answer: Exclude<ProbeAnswer, { kind: "failed" }>): Finding {
  return answer.kind === "certificate required"
    ? behaves("A connection without a certificate was refused.")
    : notEnforced(`A request without a certificate was answered with ${answer.status}.`);
}

/** What Traefik itself answers says nothing of the target, and nothing of who is let in. */
function judgeOwn({ status, body }: Answered): Finding | undefined {
  if (ofTraefik[status] !== body.trim()) return undefined;
  if (status === 404)
    return inconclusive("A request was answered with Traefik's own 404, or one that cannot be told from it.");
  const message = `A request was answered with Traefik's own ${status} (${ofTraefik[status]}): it reaches no target.`;
  return { status: "False", reason: routeReason.targetFails, message };
}

/** An answer to a request. */
export type Answered = Extract<ProbeAnswer, { kind: "answered" }>;

function judgeRefusal({ status, location }: Answered, refusedBy: RefusedBy): Finding {
  const redirects = status >= 300 && status < 400 && location !== undefined;
  if (status === 401 || status === 403)
    return behaves(`A request without credentials was refused with ${status}.`);
  if (redirects && leadsToSignIn(location))
    return behaves(`A request without credentials was sent to sign in, at ${location}.`);
  // The target answered: whoever should have asked for credentials has not.
  if (status >= 200 && status < 300)
    return notEnforced(
      `A request without credentials was answered with ${status}; the ${refusedBy} refuses it not.`,
    );
  return inconclusive(
    `A request without credentials was answered with ${status}${redirects ? ` to ${location}` : ""}: neither let in nor refused.`,
  );
}

function behaves(message: string): Finding {
  return { status: "True", reason: routeReason.programmed, message };
}

function notEnforced(message: string): Finding {
  return { status: "False", reason: routeReason.authNotEnforced, message };
}

function inconclusive(message: string): Finding {
  return { status: "Unknown", reason: routeReason.probeInconclusive, message };
}
