import { objectName } from "@datalayer/shared/config/names";
import { type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { text, url } from "@datalayer/shared/config/values";

/** What the default class says, where the controller creates it. */
export const classSettingTable = settingTable({
  traefikService: {
    name: "DATALAYER_TRAEFIK_SERVICE",
    schema: text({
      pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
      expected: "namespace/name of a Service",
    }),
    optional: true,
    description:
      "The Service of Traefik, for the RouteClass that is created where there is none. Without it, an administrator has to name it there.",
  },
  certificateIssuer: {
    name: "DATALAYER_CERT_ISSUER",
    schema: objectName,
    optional: true,
    description:
      "The ClusterIssuer of cert-manager for the certificates of Routes that name none, for that RouteClass.",
  },
  verifierUrl: {
    name: "DATALAYER_VERIFIER_URL",
    schema: url(),
    optional: true,
    description:
      "The address of the verifier, for that RouteClass. Without it, Routes with auth.jwt or auth.apiKey are refused.",
  },
  runtimeGatewayService: {
    name: "DATALAYER_RUNTIME_GATEWAY_SERVICE",
    schema: text({
      pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?:[1-9][0-9]{0,4}$/,
      expected: "name:port of a Service",
    }),
    optional: true,
    description:
      "The Service of the runtime gateway in the namespaces of runtimes, for that RouteClass. Without it, Routes of whole pools are refused.",
  },
});

/** The settings of the default class. */
export type ClassSettings = SettingsOf<typeof classSettingTable>;
