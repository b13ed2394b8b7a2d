const registryVariable = "${DATALAYER_DOCKER_REGISTRY}";

/**
 * An image reference with the registry in place of a leading `${DATALAYER_DOCKER_REGISTRY}`; undefined when it has
 * that and there is no registry.
 */
export function imageReferenceOf(reference: string, dockerRegistry: string | undefined): string | undefined {
  if (!reference.startsWith(registryVariable)) return reference;
  return dockerRegistry === undefined ? undefined : dockerRegistry + reference.slice(registryVariable.length);
}
