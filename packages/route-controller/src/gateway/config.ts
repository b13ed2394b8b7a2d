import { BlockList, isIP } from "node:net";
import { previousApiKeySetting } from "@datalayer/shared/config/api-key-settings";
import { commonSettings } from "@datalayer/shared/config/common";
import { watchedNamespace } from "@datalayer/shared/config/names";
import { defineSettings, type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { duration, integer, list, port, quantity, text } from "@datalayer/shared/config/values";

const subnet = text({
  pattern: /^[0-9a-fA-F.:]+\/\d{1,3}$/,
  expected: "a network such as 10.0.0.0/8",
});

const table = settingTable({
  ...commonSettings,
  apiKey: {
    name: "DATALAYER_OPERATOR_API_KEY",
    schema: text({ minLength: 16 }),
    secret: true,
    description: "The key that callers of GET /activity send in X-API-Key.",
  },
  ...previousApiKeySetting,
  apiPort: {
    name: "DATALAYER_OPERATOR_PORT",
    schema: port(),
    default: "2111",
    description: "The port of GET /activity.",
  },
  namespaces: {
    name: "DATALAYER_WATCH_NAMESPACES",
    schema: list(watchedNamespace, { min: 1 }),
    default: "datalayer-runtimes",
    description: "The namespaces whose runtimes are reached; * stands for all.",
  },
  host: {
    name: "DATALAYER_GATEWAY_HOST",
    schema: text({ pattern: /^[0-9a-fA-F.:]+$/, expected: "an address such as 0.0.0.0 or ::" }),
    default: "0.0.0.0",
    description:
      "The address that the gateway listens at, on all its ports; :: is every address, also of IPv6.",
  },
  port: {
    name: "DATALAYER_GATEWAY_PORT",
    schema: port(),
    default: "8080",
    description: "The port that the data plane sends requests for runtimes to.",
  },
  trustedProxies: {
    name: "DATALAYER_GATEWAY_TRUSTED_PROXIES",
    schema: list(subnet),
    default: "",
    description:
      "The networks of the proxies before the gateway. Their X-Forwarded-* headers are kept; those of others are written anew.",
  },
  maxBodyBytes: {
    name: "DATALAYER_GATEWAY_MAX_BODY",
    schema: quantity({ min: 1 }),
    default: "4Gi",
    unit: "bytes",
    description: "The largest body of a request.",
  },
  maxOpenPerRuntime: {
    name: "DATALAYER_GATEWAY_MAX_OPEN_PER_RUNTIME",
    schema: integer({ min: 1, max: 100_000 }),
    default: "512",
    description: "Requests under way and open WebSockets that one runtime may have on one replica.",
  },
  responseTimeoutMs: {
    name: "DATALAYER_GATEWAY_RESPONSE_TIMEOUT",
    schema: duration({ minMs: 1_000 }),
    default: "5m",
    description: "How long a runtime may take until its answer begins.",
  },
  idleTimeoutMs: {
    name: "DATALAYER_GATEWAY_IDLE_TIMEOUT",
    schema: duration({ minMs: 1_000, maxMs: 86_400_000 }),
    default: "1h",
    description: "How long a request or WebSocket may go on without a byte either way.",
  },
  drainDelayMs: {
    name: "DATALAYER_GATEWAY_DRAIN_DELAY",
    schema: duration({ maxMs: 60_000 }),
    default: "5s",
    description:
      "How long the gateway still accepts clients after it was told to stop, until nobody is sent to it.",
  },
  drainMs: {
    name: "DATALAYER_GATEWAY_DRAIN",
    schema: duration({ maxMs: 3_600_000 }),
    default: "20s",
    description:
      "How long requests may go on after that; then WebSockets are closed, and what is left is ended.",
  },
});

/** Every setting of the runtime gateway. */
export const settings = defineSettings(table);

/** The settings of a gateway process. */
export type GatewaySettings = SettingsOf<typeof table>;

/** The networks of a setting, to be asked. @throws Error when one is none. */
export function networksOf(subnets: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const written of subnets) {
    const [address = "", prefix] = written.split("/");
    networks.addSubnet(address, Number(prefix), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return networks;
}
