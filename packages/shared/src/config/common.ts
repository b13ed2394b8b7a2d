import { LOG_FORMATS, LOG_LEVELS } from "../log/logger.ts";
import { settingTable } from "./settings.ts";
import { oneOf, port } from "./values.ts";

/** The settings that every controller has. */
export const commonSettings = settingTable({
  logLevel: {
    name: "DATALAYER_LOG_LEVEL",
    schema: oneOf(LOG_LEVELS),
    default: "info",
    description: "The least grave lines that are logged.",
  },
  logFormat: {
    name: "DATALAYER_LOG_FORMAT",
    schema: oneOf(LOG_FORMATS),
    default: "auto",
    description: "JSON lines, readable lines, or readable on a terminal and JSON elsewhere.",
  },
  opsPort: {
    name: "DATALAYER_OPS_PORT",
    schema: port(),
    default: "8081",
    description: "The port of /livez, /readyz and /metrics.",
  },
});
