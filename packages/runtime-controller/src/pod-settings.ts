import type { RuntimeControllerSettings } from "./config.ts";
import type { RuntimePodSettings } from "./runtime/pod-builder.ts";

/** What the settings say of every runtime Pod. */
export function podSettingsOf(settings: RuntimeControllerSettings): RuntimePodSettings {
  return { serviceAccount: settings.runtimesServiceAccount, imagePullSecrets: settings.imagePullSecrets };
}
