import type { EngineSettings, PinnedBase } from "../engine.ts";

/** The configuration of the daemon: how it speaks to registries. */
export function daemonConfiguration(
  { plainHosts }: Pick<EngineSettings, "plainHosts">,
  authority: { host: string; path: string } | undefined,
): string {
  const plain = [...plainHosts].sort().map((host) => `[registry.${quoted(host)}]\n  http = true\n`);
  const own = authority ? [`[registry.${quoted(authority.host)}]\n  ca = [${quoted(authority.path)}]\n`] : [];
  // It lives for one build: what it would clean up goes with the Pod.
  return ["[worker.oci]\n  gc = false\n", ...plain, ...own].join("\n");
}

/** A basic string of TOML; hosts and paths have no control characters. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

interface Rule {
  action: "ALLOW" | "DENY" | "CONVERT";
  selector: { identifier: string };
  updates?: { identifier: string };
}

/**
 * The policy of sources, which BuildKit enforces whatever the Dockerfile says: images are the very ones that the inputs
 * name, and come from where they may. The last rule that fits decides.
 */
export function sourcePolicy(
  bases: readonly PinnedBase[],
  { allowedBases, sbomGeneratorImage }: Pick<EngineSettings, "allowedBases" | "sbomGeneratorImage">,
): string {
  const allowed = [
    ...allowedBases.flatMap((prefix) => ["/*", ":*", "@*"].map((rest) => `${prefix}${rest}`)),
    sbomGeneratorImage,
    // The inputs were looked at before: what they name may be built on, and so may what the operator itself uses.
    ...bases.flatMap(({ name, digest }) => [name, `${name}@${digest}`]),
  ];
  const limits =
    allowedBases.length === 0 ? [] : [rule("DENY", "*"), ...allowed.map((image) => rule("ALLOW", image))];
  const pins = bases
    .filter(({ name }) => !name.includes("@"))
    .map(({ name, digest }): Rule => {
      const updates = { identifier: identifierOf(`${name}@${digest}`) };
      return { ...rule("CONVERT", name), updates };
    });
  return `${JSON.stringify({ rules: [...limits, ...pins] }, null, 2)}\n`;
}

function rule(action: Rule["action"], image: string): Rule {
  return { action, selector: { identifier: identifierOf(image) } };
}

function identifierOf(image: string): string {
  return `docker-image://${image}`;
}
