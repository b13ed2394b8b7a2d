import { packageSourceId } from "../../environment/steps.ts";

/** Where the parts of the Pod lie in the container. */
export const place = {
  inputs: "/build/inputs",
  /** What the build writes beside images: its login, and what it has to say. */
  work: "/build/work",
  credentials: "/build/credentials",
  packageSources: "/build/package-sources",
  secrets: "/build/secrets",
  ca: "/build/ca",
  source: "/build/source",
} as const;

/** The variable that names the registry of a login without one. */
export const registryVariable = "DATALAYER_REGISTRY";

/**
 * What the container runs. It holds nothing of an author: what authors write comes as arguments and files.
 *
 * The metadata is written by renaming, which the termination log does not allow, and so is copied there.
 */
export const script = `# Runs one build, and says in the end which digest was pushed.
set -eu
mkdir -p "$DOCKER_CONFIG"
login="$DOCKER_CONFIG/config.json"
if [ -e ${place.credentials}/.dockerconfigjson ]; then
  cp ${place.credentials}/.dockerconfigjson "$login"
elif [ -e ${place.credentials}/.dockercfg ]; then
  printf '{"auths":%s}' "$(cat ${place.credentials}/.dockercfg)" > "$login"
elif [ -e ${place.credentials}/password ]; then
  pair="$(printf '%s:%s' "$(cat ${place.credentials}/username)" "$(cat ${place.credentials}/password)" | base64 -w 0)"
  printf '{"auths":{"%s":{"auth":"%s"}}}' "$${registryVariable}" "$pair" > "$login"
fi
for source in ${place.packageSources}/*; do
  if [ -f "$source" ]; then
    set -- "$@" --secret "id=${packageSourceId("${source##*/}")},src=$source"
  fi
done
buildctl-daemonless.sh build "$@" --metadata-file ${place.work}/metadata.json
sed -n 's/^ *"containerimage.digest": *"\\(sha256:[0-9a-f]*\\)".*/\\1/p' ${place.work}/metadata.json > /dev/termination-log
`;
