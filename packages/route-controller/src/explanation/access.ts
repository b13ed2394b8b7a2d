import type { RouteAuth, RouteSpec } from "@datalayer/shared/crds/route";

/** One sentence for each way to authenticate; the first that is given counts, since exactly one is. */
const sentences: readonly ((auth: RouteAuth) => string | undefined)[] = [
  ({ none }) => none && "Everyone may come in.",
  ({ target }) => target && "Everyone may ask; the target itself refuses those without credentials.",
  ({ platform }) => platform && "The sign-in of the platform decides about each request.",
  ({ jwt }) =>
    jwt && `A token of ${jwt.issuer} for ${listed(jwt.audiences, "or")} is needed; the verifier checks it.`,
  ({ forward }) => forward && `${forwardTo(forward)} is asked about each request.`,
  ({ basic }) => basic && `A user name and password of the Secret ${basic.secretName} are needed.`,
  ({ apiKey }) =>
    apiKey &&
    `A key of the Secret ${apiKey.secretName} is needed in ${apiKey.header ?? "X-Api-Key"}; the verifier checks it.`,
  ({ clientCert }) =>
    clientCert && `A client certificate by an authority of the Secret ${clientCert.caSecretName} is needed.`,
];

/** Who may come in, in one sentence or two. */
export function accessOf({ auth, policy }: RouteSpec): string {
  const sentence = sentences.map((say) => say(auth)).find((said) => said !== undefined) ?? "";
  return policy?.ipAllow ? `${sentence} Only from ${listed(policy.ipAllow, "and")}.` : sentence;
}

function forwardTo({ url, service }: NonNullable<RouteAuth["forward"]>): string {
  return url ?? (service ? `Service ${service.name}, port ${service.port},` : "A service");
}

/** `a, b and c`. */
export function listed(words: readonly string[], conjunction: "and" | "or"): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}
