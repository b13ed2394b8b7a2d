import { helmStep } from "../helm/helm.ts";
import { testProvisioner } from "./test-provisioner.ts";

/** The path of Helm, built if it is not in the cache. */
export async function provideHelm(): Promise<string> {
  const { paths } = await testProvisioner().provide(await helmStep());
  return paths.helm;
}
