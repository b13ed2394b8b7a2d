import { KubeConfig, KubernetesObjectApi, loadAllYaml, type KubernetesObject } from "@kubernetes/client-node";

/** Creates the objects of a YAML text, in the namespace `default` where it names none. */
export async function createObjects(kubeconfigPath: string, yaml: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const api = KubernetesObjectApi.makeApiClient(config);
  for (const object of loadAllYaml(yaml) as KubernetesObject[]) {
    await api.create(object);
  }
}
