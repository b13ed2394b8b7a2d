import { KubeConfig } from "@kubernetes/client-node";
import { LocalVolumes } from "./provisioner.ts";

// The process `volumes` of a cluster: see `startVolumes`.
const [kubeconfigPath = "", directory = ""] = process.argv.slice(2);
const config = new KubeConfig();
config.loadFromFile(kubeconfigPath);
await new LocalVolumes(config, directory).start();
