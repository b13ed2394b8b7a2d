import type { ContextFile } from "../engines/build-context.ts";

/** What one list of packages adds. */
export interface Step {
  instructions: string;
  files: readonly ContextFile[];
}

/**
 * Where packages come from, as the administrator says: files that a build may find, and an image never holds. Their
 * names are those of the keys of the Secret that holds them.
 */
const packageSources = {
  apt: "apt.list",
  pip: "pip.conf",
  conda: "condarc",
  /** Authorities of the servers of packages, where the system does not know them. */
  ca: "ca.crt",
} as const;

/** The name by which a Dockerfile mounts one of them. */
export function packageSourceId(source: string): string {
  return `datalayer.${source}`;
}

/** What a step reads lies here while it runs. */
const folder = "/run/datalayer";

const authorities = `${folder}/${packageSources.ca}`;

/** Each program has a cache of its own, which never becomes a part of the image. */
function cacheFolder(program: "pip" | "conda" | "rattler"): string {
  return `${folder}/cache/${program}`;
}

/** Packages of Debian. */
export function aptStep(packages: readonly string[]): Step {
  const list = `${folder}/${packageSources.apt}`;
  const sources = `-o Dir::Etc::SourceList=${list} -o Dir::Etc::SourceParts=/dev/null`;
  return {
    instructions: run(
      [
        ...sourceMounts(packageSources.apt),
        "type=cache,target=/var/cache/apt,sharing=locked",
        "type=cache,target=/var/lib/apt/lists,sharing=locked",
      ],
      [
        `options=""; if [ -e ${list} ]; then options="${sources}"; fi`,
        `if [ -e ${authorities} ]; then options="$options -o Acquire::https::CAInfo=${authorities}"; fi`,
        "export DEBIAN_FRONTEND=noninteractive",
        "apt-get $options update",
        `apt-get $options install --yes --no-install-recommends ${packages.join(" ")}`,
        // They say when this was done, and so would be different each time.
        "rm -f /var/log/dpkg.log /var/log/alternatives.log /var/log/apt/*.log /var/cache/ldconfig/aux-cache",
      ],
    ),
    files: [],
  };
}

/** Packages of conda, from a specification or a lock file. */
export function condaStep(file: ContextFile, image: string): Step {
  const settings = `${folder}/${packageSources.conda}`;
  const program = `${folder}/micromamba`;
  const instructions = run(
    [
      `type=bind,from=${image},source=/bin/micromamba,target=${program}`,
      fileMount(file.path),
      ...sourceMounts(packageSources.conda),
      `type=cache,target=${cacheFolder("conda")}`,
    ],
    [
      `export HOME=/root MAMBA_ROOT_PREFIX=/opt/conda CONDA_PKGS_DIRS=${cacheFolder("conda")}`,
      `if [ -e ${authorities} ]; then export MAMBA_SSL_VERIFY=${authorities}; fi`,
      `settings="--no-rc"; if [ -e ${settings} ]; then settings="--rc-file ${settings}"; fi`,
      'action=create; if [ -d "$MAMBA_ROOT_PREFIX/conda-meta" ]; then action=install; fi',
      `${program} $action --yes $settings --prefix "$MAMBA_ROOT_PREFIX" --file ${folder}/${file.path}`,
    ],
  );
  return { instructions: `${instructions}\nENV PATH=/opt/conda/bin:$PATH`, files: [file] };
}

/** A locked project of pixi. */
export function pixiStep({ manifest, lock }: { manifest: string; lock: string }, image: string): Step {
  const program = `${folder}/pixi`;
  const instructions = run(
    [
      `type=bind,from=${image},source=/usr/local/bin/pixi,target=${program}`,
      secretMount(packageSources.ca),
      `type=cache,target=${cacheFolder("rattler")}`,
    ],
    [
      `export HOME=/root RATTLER_CACHE_DIR=${cacheFolder("rattler")}`,
      `if [ -e ${authorities} ]; then export SSL_CERT_FILE=${authorities}; fi`,
      `${program} install --locked --manifest-path /opt/pixi/pixi.toml`,
    ],
  );
  return {
    instructions: [
      "COPY pixi.toml pixi.lock /opt/pixi/",
      instructions,
      "ENV PATH=/opt/pixi/.pixi/envs/default/bin:$PATH",
    ].join("\n"),
    files: [
      { path: "pixi.toml", content: manifest },
      { path: "pixi.lock", content: lock },
    ],
  };
}

/** Packages of Python, into the one that comes first in the path. */
export function pipStep(requirements: readonly string[]): Step {
  const file = { path: "requirements.txt", content: `${requirements.join("\n")}\n` };
  return {
    instructions: run(
      [fileMount(file.path), ...sourceMounts(packageSources.pip), `type=cache,target=${cacheFolder("pip")}`],
      [
        `export HOME=/root PIP_CACHE_DIR=${cacheFolder("pip")} PIP_CONFIG_FILE=${folder}/${packageSources.pip}`,
        `if [ -e ${authorities} ]; then export PIP_CERT=${authorities}; fi`,
        // The Python of a distribution is the image's own: nobody else installs into it.
        "export PIP_BREAK_SYSTEM_PACKAGES=1",
        `python3 -m pip install --disable-pip-version-check --root-user-action=ignore --requirement ${folder}/${file.path}`,
      ],
    ),
    files: [file],
  };
}

/** What the author has done in the end. */
export function postBuildStep(script: string): Step {
  const file = { path: "postBuild", content: script };
  const instructions = run([fileMount(file.path)], [`/bin/sh -eu ${folder}/${file.path}`]);
  return { instructions, files: [file] };
}

function fileMount(path: string): string {
  return `type=bind,source=${path},target=${folder}/${path}`;
}

/** With the authorities of the server that it leads to. */
function sourceMounts(source: string): string[] {
  return [source, packageSources.ca].map(secretMount);
}

function secretMount(source: string): string {
  return `type=secret,id=${packageSourceId(source)},target=${folder}/${source},mode=0444`;
}

function run(mounts: readonly string[], commands: readonly string[]): string {
  const lines = ["set -eu", ...commands].map((command, index, { length }) =>
    index + 1 < length ? `${command};` : command,
  );
  return ["RUN", ...mounts.map((mount) => `--mount=${mount}`), ...lines]
    .map((line, index) => (index === 0 ? line : `    ${line}`))
    .join(" \\\n")
    .replace("RUN \\\n    ", "RUN ");
}
