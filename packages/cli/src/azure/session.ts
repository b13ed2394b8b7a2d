import type { PipelineResponse } from "@azure/core-rest-pipeline";
import { CommandError, messageOf, usageError } from "../command/command-error.ts";
import { type CommandContext, variable } from "../command/context.ts";
import { CloudUnreachable } from "../clouder-home/configure.ts";
import type { ServicePrincipal } from "./account.ts";

/** One of Azure's interfaces. */
export type Service = "arm" | "graph";

/** A request. */
export interface AzureCall {
  service: Service;
  method: "GET" | "POST" | "PUT";
  /** With query. */
  path: string;
  body?: object;
}

/** Sends a request; answers with the body of the reply. */
export type AzureSession = (call: AzureCall) => Promise<unknown>;

/** Azure says no. */
export class AzureRefusal extends CommandError {
  readonly status: number;
  /** Such as `RoleAssignmentExists`. */
  readonly code: string;

  constructor(message: string, { status, code }: { status: number; code: string }) {
    super(message, { next: nextAfter(status) });
    this.status = status;
    this.code = code;
  }
}

const names: Readonly<Record<Service, string>> = { arm: "Azure Resource Manager", graph: "Microsoft Graph" };
const addresses = {
  arm: ["AZURE_RESOURCE_MANAGER_URL", "https://management.azure.com"],
  graph: ["AZURE_GRAPH_URL", "https://graph.microsoft.com"],
} as const;
/** Creating is not repeated by itself: whether it was done is seen by the next run of the command. */
const onceOnly = { retryOptions: { maxRetries: 0 } } as const;

/** Signs in as a service principal. The sign-in happens with the first request. */
export async function openSession(
  context: CommandContext,
  { tenantId, clientId, clientSecret }: Pick<ServicePrincipal, "tenantId" | "clientId" | "clientSecret">,
): Promise<AzureSession> {
  const [{ ClientSecretCredential }, pipelines] = await Promise.all([
    import("@azure/identity"),
    import("@azure/core-rest-pipeline"),
  ]);
  const authorityHost = httpsVariable(context, "AZURE_AUTHORITY_HOST");
  const credential = new ClientSecretCredential(
    tenantId,
    clientId,
    clientSecret,
    // Another authority is not known to the public one, which would be asked about it.
    authorityHost === undefined ? onceOnly : { ...onceOnly, authorityHost, disableInstanceDiscovery: true },
  );
  const client = pipelines.createDefaultHttpClient();
  return async ({ service, method, path, body }) => {
    const [name, usual] = addresses[service];
    const address = (httpsVariable(context, name) ?? usual).replace(/\/$/, "");
    const pipeline = pipelines.createPipelineFromOptions(onceOnly);
    pipeline.addPolicy(
      pipelines.bearerTokenAuthenticationPolicy({ credential, scopes: `${address}/.default` }),
    );
    const request = pipelines.createPipelineRequest({
      url: address + path,
      method,
      abortSignal: context.signal,
      headers: pipelines.createHttpHeaders({ "content-type": "application/json" }),
      ...(body && { body: JSON.stringify(body) }),
    });
    try {
      return bodyOf(service, await pipeline.sendRequest(client, request));
    } catch (error) {
      throw explain(error, { clientId, tenantId });
    }
  };
}

function httpsVariable(context: CommandContext, name: string): string | undefined {
  const value = variable(context, name);
  if (value === undefined || (URL.canParse(value) && new URL(value).protocol === "https:")) return value;
  throw usageError(`${name}="${value}": expected an address that begins with https://`);
}

function bodyOf(service: Service, { status, bodyAsText }: PipelineResponse): unknown {
  const body = parsed(bodyAsText ?? "");
  if (status < 300) return body;
  const { code = `status ${status}`, message = "" } =
    (body as { error?: { code?: string; message?: string } }).error ?? {};
  throw new AzureRefusal(`${names[service]} refuses: ${code}: ${message}`, { status, code });
}

function parsed(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}

function explain(
  error: unknown,
  { clientId, tenantId }: Pick<ServicePrincipal, "clientId" | "tenantId">,
): unknown {
  if (error instanceof CommandError) return error;
  const message = messageOf(error);
  // However the library wraps it, this is what whoever issues tokens said.
  const [said, code] = /(AADSTS\d+): .*/.exec(message) ?? [];
  if (said !== undefined && code !== undefined) {
    return new AzureRefusal(`service principal ${clientId} cannot sign in to tenant ${tenantId}: ${said}`, {
      status: 401,
      code,
    });
  }
  // The library sends the reader to a page about itself.
  const line = message.replace(/(: See https:\/\/aka\.ms|\n)[\s\S]*/, "");
  return new CloudUnreachable(`Azure cannot be reached: ${line}`, error);
}

function nextAfter(status: number): string[] {
  if (status === 401) return ["clouder azure configure   # with another secret: this one may have expired"];
  if (status === 403) return ["ask an administrator of the tenant and the subscription for the right"];
  return status === 429 ? ["wait a minute, then try again"] : [];
}
