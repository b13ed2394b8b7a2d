import type { SettingRow } from "@datalayer/shared/config/settings";
import { moduleOf } from "./generated-page.ts";

/** Where the settings of each process are declared, by the command that starts it. */
const declared: Readonly<Record<string, [module: string, name: string]>> = {
  "runtime-controller": ["config.ts", "settings"],
  "route-controller": ["config.ts", "settings"],
  "route-controller verifier": ["verifier/settings.ts", "verifierSettings"],
  "route-controller gateway": ["gateway/config.ts", "settings"],
  "image-controller": ["config.ts", "settings"],
};

/** The settings of each process, by the command that starts it. */
export async function settingTables(): Promise<ReadonlyMap<string, SettingRow[]>> {
  const tables = Object.entries(declared).map(async ([command, [path, name]]) => {
    const [controller = ""] = command.split(" ");
    const module = (await moduleOf(controller, path)) as Record<string, { describe(): SettingRow[] }>;
    return [command, module[name]?.describe() ?? []] as const;
  });
  return new Map(await Promise.all(tables));
}
