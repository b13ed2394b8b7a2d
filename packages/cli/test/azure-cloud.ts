import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { z } from "zod";

export const tenantId = "11111111-1111-1111-1111-111111111111";
export const subscriptionId = "33333333-3333-3333-3333-333333333333";
export const resourceGroup = "Workers-RG";

/** The service principal that clouder signs in with. */
export const clouder = {
  subscriptionId,
  tenantId,
  clientId: "22222222-2222-2222-2222-222222222222",
  clientSecret: "canary-of-clouder",
};

const vmContributor = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";
const uuid = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

interface Application {
  id: string;
  appId: string;
  displayName: string;
  secrets: string[];
  principalId?: string;
}

interface Reply {
  status: number;
  body: object;
}

type Handler = (match: RegExpExecArray, body: unknown, url: URL) => Reply;

const refusal = (status: number, code: string, message = "Refused."): Reply => ({
  status,
  body: { error: { code, message } },
});

/**
 * Stands for Azure, which cannot run here: sign-in, the part of Microsoft Graph that has applications, and role
 * assignments, behind the requests that Azure publishes. What does not have their shape is kept in `violations`.
 */
export class AzureCloud {
  readonly violations: string[] = [];
  /** What was created, in order. */
  readonly created: string[] = [];
  applications: Application[] = [];
  readonly roles = new Map<string, string>();
  /** Answers the next requests of a path in place of Azure. */
  readonly faults: { path: RegExp; reply: Reply }[] = [];
  readonly #tokens = new Map<string, string>();
  readonly #routes: readonly [string, RegExp, Handler][];
  readonly url: string;
  readonly #certificatePath: string;

  private constructor(url: string, certificatePath: string) {
    this.url = url;
    this.#certificatePath = certificatePath;
    this.#routes = this.#graph().concat(this.#resourceManager());
  }

  static async start(): Promise<AzureCloud> {
    const { key, cert } = await makeCertificate({ ip: "127.0.0.1", name: "localhost" });
    const directory = await mkdtemp(join(tmpdir(), "azure-test-"));
    const certificatePath = join(directory, "ca.pem");
    await writeFile(certificatePath, cert);
    let serve: (incoming: IncomingMessage, response: ServerResponse) => void = () => undefined;
    const server = createServer({ key, cert }, (incoming, response) => serve(incoming, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const cloud = new AzureCloud(`https://127.0.0.1:${port}`, certificatePath);
    serve = (incoming, response) => void cloud.#serve(incoming, response);
    afterFile(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await rm(directory, { recursive: true });
    });
    return cloud;
  }

  /** The variables by which a program comes here. */
  get environment(): Record<string, string> {
    return {
      NODE_EXTRA_CA_CERTS: this.#certificatePath,
      AZURE_AUTHORITY_HOST: this.url,
      AZURE_RESOURCE_MANAGER_URL: this.url,
      AZURE_GRAPH_URL: `${this.url}/graph`,
    };
  }

  /** Begins anew, with nothing created. */
  reset(): void {
    this.applications = [];
    for (const list of [this.violations, this.created, this.faults]) list.length = 0;
    this.roles.clear();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const url = new URL(incoming.url ?? "/", this.url);
    const { status, body: answer } = this.#reply(incoming, url, body);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }

  #reply({ method = "", headers }: IncomingMessage, url: URL, body: string): Reply {
    const early = this.#takeFault(url) ?? this.#signIn(url, new URLSearchParams(body));
    if (early) return early;
    const service = url.pathname.startsWith("/graph/") ? `${this.url}/graph` : this.url;
    if (this.#tokens.get(headers.authorization ?? "") !== `${service}/.default`)
      return refusal(401, "InvalidAuthenticationToken");
    return this.#route(method, url, body === "" ? undefined : JSON.parse(body));
  }

  #route(method: string, url: URL, body: unknown): Reply {
    for (const [verb, pattern, handler] of this.#routes) {
      const match = verb === method && pattern.exec(url.pathname);
      if (match) return handler(match, body, url);
    }
    this.violations.push(`${method} ${url.pathname}`);
    return refusal(404, "NotFound");
  }

  #takeFault({ pathname }: URL): Reply | undefined {
    const index = this.faults.findIndex(({ path }) => path.test(pathname));
    return index < 0 ? undefined : this.faults.splice(index, 1)[0]?.reply;
  }

  /** https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
  #signIn({ pathname }: URL, form: URLSearchParams): Reply | undefined {
    if (pathname.endsWith("/v2.0/.well-known/openid-configuration")) {
      const issuer = `${this.url}/${tenantId}`;
      const body = {
        issuer: `${issuer}/v2.0`,
        authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
        token_endpoint: `${issuer}/oauth2/v2.0/token`,
        jwks_uri: `${issuer}/discovery/v2.0/keys`,
      };
      return { status: 200, body };
    }
    return pathname.endsWith("/oauth2/v2.0/token") ? this.#token(pathname, form) : undefined;
  }

  #token(pathname: string, form: URLSearchParams): Reply {
    const [clientId, secret] = [form.get("client_id"), form.get("client_secret")];
    const isKnown = [{ appId: clouder.clientId, secrets: [clouder.clientSecret] }, ...this.applications].some(
      ({ appId, secrets }) => appId === clientId && secrets.includes(secret ?? ""),
    );
    if (form.get("grant_type") !== "client_credentials") this.violations.push("token: grant_type");
    if (!isKnown || !pathname.startsWith(`/${tenantId}/`)) {
      const error_description = "AADSTS7000215: Invalid client secret provided.\nTrace ID: 7";
      return { status: 401, body: { error: "invalid_client", error_description, error_codes: [7000215] } };
    }
    const token = `token-${this.#tokens.size}`;
    this.#tokens.set(`Bearer ${token}`, (form.get("scope") ?? "").split(" ")[0] ?? "");
    return { status: 200, body: { token_type: "Bearer", expires_in: 3599, access_token: token } };
  }

  /** https://learn.microsoft.com/graph/api/resources/application */
  #graph(): [string, RegExp, Handler][] {
    return [
      [
        "GET",
        /^\/graph\/v1.0\/applications$/,
        (_, _body, url) => {
          const name = /^displayName eq '(.*)'$/.exec(url.searchParams.get("$filter") ?? "")?.[1];
          const value = this.applications.filter(({ displayName }) => displayName === name);
          return { status: 200, body: { value: value.map(({ id, appId }) => ({ id, appId })) } };
        },
      ],
      [
        "POST",
        /^\/graph\/v1.0\/applications$/,
        (_, body) => {
          const shape = z.strictObject({
            displayName: z.string(),
            signInAudience: z.literal("AzureADMyOrg"),
          });
          const { displayName } = this.#checked("application", shape, body);
          const application = {
            id: crypto.randomUUID(),
            appId: crypto.randomUUID(),
            displayName,
            secrets: [],
          };
          this.applications.push(application);
          this.created.push("application");
          return { status: 201, body: application };
        },
      ],
      [
        "POST",
        /^\/graph\/v1.0\/applications\/([^/]+)\/addPassword$/,
        ([, id], body) => {
          const shape = z.strictObject({ passwordCredential: z.strictObject({ displayName: z.string() }) });
          this.#checked("addPassword", shape, body);
          const secretText = `canary-${crypto.randomUUID()}`;
          this.#application("id", id).secrets.push(secretText);
          this.created.push("secret");
          return { status: 200, body: { keyId: crypto.randomUUID(), secretText } };
        },
      ],
      [
        "GET",
        /^\/graph\/v1.0\/servicePrincipals$/,
        (_, _body, url) => {
          const appId = /^appId eq '(.*)'$/.exec(url.searchParams.get("$filter") ?? "")?.[1];
          const { principalId } = this.#application("appId", appId);
          return { status: 200, body: { value: principalId === undefined ? [] : [{ id: principalId }] } };
        },
      ],
      [
        "POST",
        /^\/graph\/v1.0\/servicePrincipals$/,
        (_, body) => {
          const { appId } = this.#checked("servicePrincipal", z.strictObject({ appId: z.string() }), body);
          const principalId = (this.#application("appId", appId).principalId = crypto.randomUUID());
          this.created.push("principal");
          return { status: 201, body: { id: principalId, appId } };
        },
      ],
    ];
  }

  /** https://learn.microsoft.com/rest/api/resources/subscriptions/get, /rest/api/authorization/role-assignments/create */
  #resourceManager(): [string, RegExp, Handler][] {
    const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
    return [
      [
        "GET",
        /^\/subscriptions\/([^/]+)$/,
        ([, id], _, url) => {
          this.#requireVersion(url, "2022-12-01");
          return id === subscriptionId
            ? { status: 200, body: { subscriptionId, displayName: "Trial" } }
            : refusal(404, "SubscriptionNotFound", `The subscription '${id}' could not be found.`);
        },
      ],
      [
        "PUT",
        /^(.*)\/providers\/Microsoft.Authorization\/roleAssignments\/([^/]+)$/,
        ([, scope, name = ""], body, url) => {
          this.#requireVersion(url, "2022-04-01");
          if (scope !== group)
            return refusal(404, "ResourceGroupNotFound", "Resource group could not be found.");
          const shape = z.strictObject({
            properties: z.strictObject({
              roleDefinitionId: z.literal(
                `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${vmContributor}`,
              ),
              principalId: z.enum(this.applications.flatMap(({ principalId }) => principalId ?? [])),
              principalType: z.literal("ServicePrincipal"),
            }),
          });
          const { principalId } = this.#checked("role assignment", shape, body).properties;
          if (!uuid.test(name)) this.violations.push(`role assignment: ${name} is no UUID`);
          const isNew = !this.roles.has(name);
          if (isNew) this.created.push("role");
          this.roles.set(name, principalId);
          return { status: isNew ? 201 : 200, body: { name } };
        },
      ],
    ];
  }

  #requireVersion({ pathname, searchParams }: URL, version: string): void {
    if (searchParams.get("api-version") !== version) this.violations.push(`${pathname}: api-version`);
  }

  #checked<T>(what: string, shape: z.ZodType<T>, body: unknown): T {
    const result = shape.safeParse(body);
    if (result.error) this.violations.push(`${what}: ${z.prettifyError(result.error)}`);
    return body as T;
  }

  #application(key: "id" | "appId", value: string | undefined): Application {
    const found = this.applications.find((application) => application[key] === value);
    if (!found) throw new Error(`there is no application ${value ?? ""}`);
    return found;
  }
}
