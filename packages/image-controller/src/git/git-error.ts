/** What a failure means for whoever asked. */
export type GitFailure =
  /** It may be well the next time: the server is away, busy or broken. */
  | "unavailable"
  /** There is no such repository, revision, folder or file. */
  | "not-found"
  /** It is the same until somebody changes something: credentials, certificate, address, size. */
  | "refused";

/** A repository could not be looked at. The message holds no credentials. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly failure: GitFailure;

  constructor(failure: GitFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

const notFound = /not found|does not exist|couldn't find remote ref|not our ref|error: 404/i;
const passing =
  /could not resolve host|timed out|timeout|connection (?:refused|reset)|failed to connect|early eof|hung up|empty reply|remote end|gnutls_handshake|recv failure|error: (?:408|429|5\d\d)|returned error: 5/i;

/** What git's last words mean. Those that are not known are taken for passing: then it is tried again. */
export function gitErrorOf(said: string, url: string): GitError {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const last =
    lines.findLast((line) => /^(?:fatal|error|remote):/.test(line)) ?? lines.at(-1) ?? "no message";
  const message = `${url}: ${printable(last).slice(0, 500)}`;
  if (/authentication failed|could not read (?:username|password)|error: 40[13]/i.test(said))
    return new GitError("refused", `${message} (the credentials are not accepted, or missing)`);
  if (/ssl|certificate|tls/i.test(last) && !passing.test(last)) return new GitError("refused", message);
  if (/redirect|error: 3\d\d/i.test(said)) return new GitError("refused", message);
  return new GitError(notFound.test(said) ? "not-found" : "unavailable", message);
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}
