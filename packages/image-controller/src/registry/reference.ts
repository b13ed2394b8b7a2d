/** The name of an image, in its parts. */
export interface ImageReference {
  /** With its port where it has one: `registry.example.com:5000`. */
  host: string;
  repository: string;
  tag?: string;
  /** `sha256:...` */
  digest?: string;
}

/** A repository of a registry. */
export type RepositoryName = Pick<ImageReference, "host" | "repository">;

const hub = "docker.io";
const host = /^(?:localhost|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?$/;
const path = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestForm = /^sha256:[0-9a-f]{64}$/;
const longestRepository = 255;

/** Reads a name as container tools do: without a registry it is of the Docker Hub. Undefined when it is none. */
export function parseReference(text: string): ImageReference | undefined {
  const [named = "", digest, ...rest] = text.split("@");
  const { name, tag } = tagOf(named);
  const { host: registry, repository } = registryOf(name);
  const isWell =
    rest.length === 0 &&
    isRepository(registry, repository) &&
    (tag === undefined || tagName.test(tag)) &&
    (digest === undefined || digestForm.test(digest));
  if (!isWell) return undefined;
  return {
    host: registry,
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

function isRepository(registry: string, repository: string): boolean {
  return host.test(registry) && path.test(repository) && repository.length <= longestRepository;
}

/** The name of a repository, which has neither tag nor digest. Undefined when it is none. */
export function parseRepository(text: string): RepositoryName | undefined {
  const reference = parseReference(text);
  if (!reference || reference.tag !== undefined || reference.digest !== undefined) return undefined;
  return reference;
}

/** The name in full, as BuildKit knows an image: with registry, and with the tag `latest` where it has none. */
export function fullName({ host: registry, repository, tag, digest }: ImageReference): string {
  const named = `${registry}/${repository}`;
  if (digest !== undefined) return `${named}${tag === undefined ? "" : `:${tag}`}@${digest}`;
  return `${named}:${tag ?? "latest"}`;
}

/** A repository in full. */
export function repositoryText({ host: registry, repository }: RepositoryName): string {
  return `${registry}/${repository}`;
}

function tagOf(named: string): { name: string; tag?: string } {
  const colon = named.lastIndexOf(":");
  // The colon of a port comes before a slash.
  if (colon < 0 || named.includes("/", colon)) return { name: named };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}

/** What stands before the first slash is a registry if it could not be the beginning of a path. */
function registryOf(name: string): RepositoryName {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  if (/[.:]/.test(first) || first === "localhost") {
    const rest = name.slice(slash + 1);
    return { host: first, repository: first === hub && !rest.includes("/") ? `library/${rest}` : rest };
  }
  return { host: hub, repository: slash < 0 ? `library/${name}` : name };
}
