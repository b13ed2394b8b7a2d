const registryVariable = "${DATALAYER_DOCKER_REGISTRY}";

/** An image reference with the registry in place of `${DATALAYER_DOCKER_REGISTRY}`; as it is written without one. */
export function imageReferenceOf(reference: string, dockerRegistry: string | undefined): string {
  return reference.replace(registryVariable, dockerRegistry ?? registryVariable);
}
