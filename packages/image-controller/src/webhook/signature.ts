import { createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isValidKey } from "@datalayer/shared/http/api-key";

/** Where GitHub, and those that do as it does, put the signature of a body. */
const githubHeader = "x-hub-signature-256";
/** Where GitLab puts the token itself. */
const gitlabHeader = "x-gitlab-token";

/** Whether a call says by one of its headers that it comes from somebody who has the token. */
export function carriesSignature(headers: IncomingHttpHeaders): boolean {
  return headers[githubHeader] !== undefined || headers[gitlabHeader] !== undefined;
}

/** Whether it does come from one. In constant time, whatever was sent; an empty token lets nobody in. */
export function isSigned(
  { headers, body }: { headers: IncomingHttpHeaders; body: Buffer },
  token: string,
): boolean {
  if (token === "") return false;
  const signature = `sha256=${createHmac("sha256", token).update(body).digest("hex")}`;
  const signed = isValidKey(headers[githubHeader], [signature]);
  const named = isValidKey(headers[gitlabHeader], [token]);
  return signed || named;
}
