import type { IncomingMessage } from "node:http";
import { z } from "zod";

/**
 * The requests of Azure that scaling makes, as Azure publishes them. The stub refuses whatever differs: another
 * method, path, version, header or field.
 *
 * - Virtual Machine Scale Sets, Get: https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get
 * - Virtual Machine Scale Sets, Update: https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/update
 * - Virtual Machine Scale Set VMs, List: https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/list
 * - Virtual Machine Scale Set VMs, Delete: https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/delete
 * - Asynchronous operations: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 * - Tokens: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export interface AzureShape {
  readonly method: "GET" | "PATCH" | "DELETE" | "POST";
  /** Relative to the scale set, or to the authority; groups name what varies. */
  readonly path: RegExp;
  /** Headers that there may be beside those of every request; lower case. */
  readonly headers?: readonly string[];
  /** Of a JSON body, or of a form. There is none where this is absent. */
  readonly body?: z.ZodType;
}

/** The version of the Compute API that the pinned library speaks; `If-Match` is published since 2024-07-01. */
export const computeApiVersion = "2026-04-01";

/** Headers that any request to Azure may have. */
const commonHeaders =
  /^(accept|accept-encoding|authorization|connection|content-length|content-type|host|user-agent|x-ms-.*|traceparent)$/;

/** What is asked of Azure Resource Manager about a scale set. */
export const scaleSetShapes = {
  get: { method: "GET", path: /^$/ },
  update: {
    method: "PATCH",
    path: /^$/,
    headers: ["if-match", "if-none-match"],
    // VirtualMachineScaleSetUpdate; of its fields, Sku is all that a change of size needs.
    body: z.strictObject({
      sku: z.strictObject({
        name: z.string(),
        tier: z.string().optional(),
        capacity: z.int().nonnegative(),
      }),
    }),
  },
  listMachines: { method: "GET", path: /^\/virtualMachines$/ },
  deleteMachine: { method: "DELETE", path: /^\/virtualMachines\/(?<instanceId>\d+)$/ },
} as const satisfies Record<string, AzureShape>;

/** The form that asks for a token. Libraries add parameters of telemetry, whose names begin with `x-` or `client`. */
export const tokenForm = z.looseObject({
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  scope: z.string().endsWith("/.default"),
  grant_type: z.literal("client_credentials"),
});

/** An error as Azure Resource Manager answers it. */
export function armError(code: string, message: string): object {
  return { error: { code, message } };
}

/** An error as the token endpoint answers it. */
export function tokenError(error: string, description: string): object {
  return {
    error,
    error_description: description,
    error_codes: [7000222],
    correlation_id: "0",
    trace_id: "0",
  };
}

/** What in a request is not as published. */
export function wrongsOf(
  { headers = [], body: schema }: AzureShape,
  incoming: IncomingMessage,
  url: URL,
  body: string,
): string[] {
  const unknown = Object.keys(incoming.headers).filter(
    (name) => !commonHeaders.test(name) && !headers.includes(name),
  );
  const query = [...url.searchParams.keys()].filter((name) => name !== "api-version");
  const none = body === "" ? [] : ["a body"];
  return [
    ...unknown.map((name) => `header ${name}`),
    ...query.map((name) => `query ${name}`),
    ...(url.searchParams.get("api-version") === computeApiVersion ? [] : ["api-version"]),
    ...(schema ? wrongsOfBody(schema, incoming.headers["content-type"], body) : none),
  ];
}

function wrongsOfBody(schema: z.ZodType, contentType: string | undefined, body: string): string[] {
  const { success, error } = schema.safeParse(body === "" ? undefined : JSON.parse(body));
  return [
    ...(contentType === "application/json" ? [] : [`content-type ${contentType ?? ""}`]),
    ...(success ? [] : [`body: ${error.message}`]),
  ];
}
