import { once } from "node:events";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import type { CloudSettings, CloudVariable } from "../src/node-scaling/executors/cloud-settings.ts";
import { variablesOf } from "./aws-cloud.ts";
import { AzureScaleSet, type LongOperation } from "./azure-scale-set.ts";
import {
  armError,
  type AzureShape,
  computeApiVersion,
  scaleSetShapes,
  tokenError,
  tokenForm,
  wrongsOf,
} from "./azure-shapes.ts";

/** What happens to the next request of an operation. */
export type AzureFault =
  | { kind: "error"; status: number; code: string; message?: string; retryAfterSeconds?: number }
  /** It is done, and the connection breaks before the answer. */
  | { kind: "drop-after" }
  /** It is done once nobody waits for the answer any more. */
  | { kind: "late" }
  /** It is taken, and fails later. */
  | { kind: "operation-fails"; code: string; message: string };

type Operation = keyof typeof scaleSetShapes | "token";

const tenant = "11111111-1111-1111-1111-111111111111";
const subscription = "22222222-2222-2222-2222-222222222222";
const resourceGroup = "Workers-RG";
const setName = "workers";
const prefix = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets/${setName}`;
const operationsPrefix = `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/westeurope/operations/`;

/**
 * Stands for Azure, which cannot run here: one scale set behind the requests that Azure publishes. Whatever does not
 * have their shape is refused, and kept in `violations` for the test to see.
 */
export class AzureCloud {
  /** What did not have the published shape. */
  readonly violations: string[] = [];
  /** The operations that were asked for, with what they change, in order. */
  readonly requests: string[] = [];
  /** The secret of the service principal. */
  clientSecret = "first-secret";
  readonly scaleSet = new AzureScaleSet(prefix);
  readonly #url: string;
  readonly #faults: { operation: Operation; fault: AzureFault }[] = [];
  readonly #operations = new Map<string, LongOperation>();
  readonly #tokens = new Set<string>();
  #begun = 0;

  private constructor(url: string) {
    this.#url = url;
  }

  static async start(): Promise<AzureCloud> {
    const { key, cert } = await makeCertificate({ ip: "127.0.0.1", name: "localhost" });
    setDefaultCACertificates([...getCACertificates("default"), cert]);
    let serve: (incoming: IncomingMessage, response: ServerResponse) => void = () => undefined;
    const server = createServer({ key, cert }, (incoming, response) => serve(incoming, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const cloud = new AzureCloud(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    serve = (incoming, response) => void cloud.#serve(incoming, response);
    afterFile(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    return cloud;
  }

  /** Begins anew, with so many machines. */
  reset(count: number): void {
    this.violations.length = 0;
    this.requests.length = 0;
    this.#faults.length = 0;
    this.#operations.clear();
    this.clientSecret = "first-secret";
    this.scaleSet.reset(count);
  }

  /** Fails the next requests of an operation, one after the other. */
  fail(operation: Operation, ...faults: AzureFault[]): void {
    this.#faults.push(...faults.map((fault) => ({ operation, fault })));
  }

  /** The providerID that a node on this machine has. */
  providerIdOf(instanceId: string): string {
    // As the cloud provider writes it: the resource group in lower case.
    return `azure://${prefix.replace(resourceGroup, resourceGroup.toLowerCase())}/virtualMachines/${instanceId}`;
  }

  /** The settings of an executor on this cloud. */
  settings(values: Partial<Record<CloudVariable, string>> = {}): CloudSettings {
    return {
      provider: "azure",
      group: setName,
      credentialsDir: undefined,
      endpoint: this.#url,
      authorityHost: this.#url,
      variables: variablesOf({
        AZURE_TENANT_ID: tenant,
        AZURE_CLIENT_ID: "operator",
        AZURE_CLIENT_SECRET: "first-secret",
        AZURE_SUBSCRIPTION_ID: subscription,
        AZURE_RESOURCE_GROUP: resourceGroup,
        ...values,
      }),
    };
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const body = await text(incoming);
    const url = new URL(incoming.url ?? "/", this.#url);
    const answer: Exchange["answer"] = (status, content, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      return response.end(content && JSON.stringify(content));
    };
    if (url.pathname.startsWith(`/${tenant}/`)) return this.#authority(url, body, answer);
    const token = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? "")?.[1] ?? "";
    if (!this.#tokens.has(token))
      return answer(401, armError("InvalidAuthenticationToken", "The token is not valid."));
    const long = url.pathname.startsWith(operationsPrefix) && this.#operations.get(url.pathname);
    if (long) return answer(200, long.poll());
    const operation = this.#operationOf(incoming, url, body);
    if (!operation)
      return answer(400, armError("InvalidRequest", "The request has not the published shape."));
    return this.#carryOut(operation, { incoming, url, body, response, answer });
  }

  /** Which operation this is; undefined, and told, when it is none of those published. */
  #operationOf(incoming: IncomingMessage, url: URL, body: string): keyof typeof scaleSetShapes | undefined {
    const { method = "" } = incoming;
    const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : undefined;
    const shapes = Object.entries(scaleSetShapes) as [keyof typeof scaleSetShapes, AzureShape][];
    const [name, shape] = shapes.find(
      ([, one]) => one.method === method && path !== undefined && one.path.test(path),
    ) ?? [undefined, undefined];
    const wrongs = shape ? wrongsOf(shape, incoming, url, body) : ["method or path"];
    if (wrongs.length === 0) return name;
    this.violations.push(`${method} ${incoming.url ?? ""}: ${wrongs.join("; ")}`);
    return undefined;
  }

  #carryOut(operation: keyof typeof scaleSetShapes, exchange: Exchange): unknown {
    const { answer } = exchange;
    const fault = this.#faultOf(operation);
    if (fault?.kind === "error" && !isChange(operation)) return refuse(fault, answer);
    switch (operation) {
      case "get":
        return answer(200, this.scaleSet.view());
      case "listMachines":
        return answer(200, { value: this.scaleSet.machineViews() });
      case "update": {
        const { sku } = JSON.parse(exchange.body) as { sku: { capacity: number } };
        this.requests.push(`update ${sku.capacity}`);
        return this.#change(() => this.scaleSet.update(sku.capacity), fault, exchange);
      }
      case "deleteMachine": {
        const id = exchange.url.pathname.split("/").at(-1) ?? "";
        this.requests.push(`delete ${id}`);
        if (!this.scaleSet.has(id)) return answer(204);
        return this.#change(() => this.scaleSet.delete(id), fault, exchange);
      }
    }
  }

  /** Begins a change, and answers with where to ask how far it is. */
  async #change(
    begin: () => LongOperation,
    fault: AzureFault | undefined,
    exchange: Exchange,
  ): Promise<unknown> {
    if (fault?.kind === "late") await once(exchange.response, "close");
    return this.#begin(begin, fault, exchange);
  }

  #begin(
    begin: () => LongOperation,
    fault: AzureFault | undefined,
    { incoming, response, answer }: Exchange,
  ): unknown {
    if (fault?.kind === "error") return refuse(fault, answer);
    if ((incoming.headers["if-match"] ?? this.scaleSet.etag) !== this.scaleSet.etag) {
      return answer(
        412,
        armError("PreconditionFailed", "The precondition given in the request was not met."),
      );
    }
    const long = begin();
    if (fault?.kind === "operation-fails") long.fail({ code: fault.code, message: fault.message });
    const path = `${operationsPrefix}${++this.#begun}`;
    this.#operations.set(path, long);
    if (fault?.kind === "drop-after") return response.destroy();
    return answer(202, incoming.method === "PATCH" ? this.scaleSet.view() : undefined, {
      "azure-asyncoperation": `${this.#url}${path}?api-version=${computeApiVersion}`,
      "retry-after": "1",
    });
  }

  #authority(url: URL, body: string, answer: Exchange["answer"]): unknown {
    if (url.pathname.endsWith("/.well-known/openid-configuration")) {
      const issuer = `${this.#url}/${tenant}`;
      return answer(200, {
        issuer: `${issuer}/v2.0`,
        token_endpoint: `${issuer}/oauth2/v2.0/token`,
        authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
        jwks_uri: `${issuer}/discovery/v2.0/keys`,
      });
    }
    const fault = this.#faultOf("token");
    if (fault?.kind === "error") return refuse(fault, answer);
    const form = tokenForm.safeParse(Object.fromEntries(new URLSearchParams(body)));
    if (!form.success) {
      this.violations.push(`token: ${form.error.message}`);
      return answer(400, tokenError("invalid_request", "The form has not the published shape."));
    }
    if (form.data.client_secret !== this.clientSecret) {
      return answer(
        401,
        tokenError("invalid_client", "AADSTS7000222: The provided client secret keys are expired."),
      );
    }
    const token = `token-${this.#tokens.size + 1}`;
    this.#tokens.add(token);
    return answer(200, { token_type: "Bearer", expires_in: 3599, access_token: token });
  }

  /** Has every token that was given out expire. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  #faultOf(operation: Operation): AzureFault | undefined {
    const index = this.#faults.findIndex((one) => one.operation === operation);
    return index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
  }
}

interface Exchange {
  incoming: IncomingMessage;
  url: URL;
  body: string;
  response: ServerResponse;
  answer: (status: number, content?: object, headers?: Record<string, string>) => unknown;
}

function refuse(fault: Extract<AzureFault, { kind: "error" }>, answer: Exchange["answer"]): unknown {
  const { status, code, message = "no", retryAfterSeconds } = fault;
  const error = armError(code, message);
  if (retryAfterSeconds === undefined) return answer(status, error);
  return answer(status, error, { "retry-after": String(retryAfterSeconds) });
}

/** These are counted as requests even when they are refused. */
function isChange(operation: keyof typeof scaleSetShapes): boolean {
  return operation === "update" || operation === "deleteMachine";
}
