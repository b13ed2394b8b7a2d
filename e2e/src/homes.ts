import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dataOf, type Runtime, type RuntimeClient } from "@datalayer/runtime-client/client";
import { clientOf, type OperatorApi } from "@datalayer/tools/start/rest";

const paths = {
  one: "/api/operator/v1/runtimes/{pod_name}",
  pause: "/api/operator/v1/runtimes/{pod_name}/pause",
  resume: "/api/operator/v1/runtimes/{pod_name}/resume",
} as const;

/** A runtime whose Jupyter server answers. */
export type ServingRuntime = Runtime & { token: string };

/** Runtimes with a home, as a service of the platform deals with them over REST, and their user with Jupyter. */
export class HomeUser {
  readonly #client: RuntimeClient;

  constructor(api: OperatorApi) {
    this.#client = clientOf(api);
  }

  /** Claims one with a home of its own; it starts meanwhile. */
  async claim(): Promise<Runtime> {
    const body = {
      environment_name: "python-simple-env",
      user_uid: "ada",
      credits_limit: 100,
      capabilities: ["user_storage"],
    };
    return (await dataOf(this.#client.POST("/api/operator/v1/runtimes", { body }))).runtime;
  }

  /** The runtime as it is shown now. */
  async shown(name: string): Promise<Runtime> {
    return (await dataOf(this.#client.GET(paths.one, paramsOf(name)))).runtime;
  }

  /** The runtime as soon as it is the user's. */
  assigned(name: string): Promise<ServingRuntime> {
    return eventually(
      async () => {
        const { token, ...runtime } = await this.shown(name);
        return runtime.state === "assigned" && token !== null && { ...runtime, token };
      },
      { timeoutMs: 60_000, intervalMs: 200, message: `${name} to be assigned` },
    );
  }

  /** Asks for a pause, and answers with the status. */
  async pause(name: string): Promise<number> {
    return (await this.#client.POST(paths.pause, { ...paramsOf(name), body: {} })).response.status;
  }

  /** Asks for its return, and answers with the status. */
  async resume(name: string): Promise<number> {
    return (await this.#client.POST(paths.resume, { ...paramsOf(name), body: {} })).response.status;
  }

  /** Ends it, and its home with it. */
  async end(name: string): Promise<void> {
    await dataOf(this.#client.DELETE(paths.one, paramsOf(name)));
  }
}

/** Asks the Jupyter server of a runtime. */
export function jupyter(
  { ingress, token }: Runtime,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { authorization: `token ${token}`, "content-type": "application/json" };
  return fetch(`${ingress}${path}`, { ...init, headers });
}

/** Writes a text file into the home of a runtime, and answers with the status. */
export async function writeFileOf(runtime: Runtime, name: string, content: string): Promise<number> {
  const body = JSON.stringify({ type: "file", format: "text", content });
  return (await jupyter(runtime, `/api/contents/${name}`, { method: "PUT", body })).status;
}

/** What a text file in the home of a runtime holds. */
export async function readFileOf(runtime: Runtime, name: string): Promise<string | undefined> {
  const answer = await jupyter(runtime, `/api/contents/${name}`);
  return ((await answer.json()) as { content?: string }).content;
}

function paramsOf(name: string) {
  return { params: { path: { pod_name: name } } };
}
