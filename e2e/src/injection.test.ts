import { poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime } from "@datalayer/tools/start/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stage, startStage, warmExample } from "./stage.ts";

const { namespace } = poolOfExample;
const { signal } = new AbortController();
const secret = "canary-e2e-9c41";
const fields = {
  env_vars: [{ name: "REGION", value: "eu west\n" }],
  secrets: [{ name: "API_KEY", value: secret }],
};

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
  await warmExample(stage);
});

afterAll(() => stage.end());

async function claim(body: object = {}): Promise<ClaimedRuntime> {
  return (await claimRuntime(stage.api, signal, body)).runtime;
}

/** What a command in a new terminal of the runtime prints, between brackets. */
async function inTerminal({ ingress, token }: ClaimedRuntime, expression: string): Promise<string> {
  const headers = { authorization: `token ${token}` };
  const answer = await fetch(`${ingress}/api/terminals`, { method: "POST", headers });
  const { name } = (await answer.json()) as { name: string };
  const socket = new WebSocket(
    `${ingress.replace("http", "ws")}/terminals/websocket/${name}?token=${encodeURIComponent(token)}`,
  );
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = "";
  socket.addEventListener("open", () =>
    socket.send(JSON.stringify(["stdin", `printf '<%s>\\n' "${expression}"\r`])),
  );
  socket.addEventListener("error", () => reject(new Error("the connection to the terminal broke")));
  socket.addEventListener("message", ({ data }) => {
    const [kind, text] = JSON.parse(String(data)) as [string, string];
    if (kind === "stdout") output += text;
    // The terminal echoes the command too, but not with the value in it.
    const found = /<([^%>]*)>/.exec(output);
    if (found) resolve(found[1] ?? "");
  });
  try {
    return await promise;
  } finally {
    socket.close();
  }
}

describe("what a claim brings", () => {
  it("is in a kernel that is started at once, in the runtime's files and in a terminal", async () => {
    const runtime = await claim(fields);
    expect(await runCell(runtime, "import os; (os.environ['API_KEY'], os.environ['REGION'])")).toBe(
      `('${secret}', 'eu west\\n')`,
    );
    const file = "open('/var/run/secrets/datalayer.io/claim/API_KEY').read()";
    expect(await runCell(runtime, file)).toBe(`'${secret}'`);
    expect(await inTerminal(runtime, "$API_KEY")).toBe(secret);
  });

  it("is in no other runtime, and not in the environment of the server", async () => {
    const [mine, other] = [await claim(fields), await claim()];
    expect(await runCell(other, "import os; os.environ.get('API_KEY')")).toBe("");
    const environments = "b''.join(open(f'/proc/{p}/environ','rb').read() for p in (1, os.getppid()))";
    expect(await runCell(mine, `import os; b'API_KEY' in ${environments}`)).toBe("False");
  });

  it("is in no object of the API server but its Secret", async () => {
    await claim(fields);
    const { kube } = stage;
    const textOf = async (plural: string): Promise<string> =>
      JSON.stringify(await kube.raw({ method: "GET", path: `/api/v1/namespaces/${namespace}/${plural}` }));
    const encoded = Buffer.from(secret).toString("base64");
    for (const plural of ["pods", "events", "configmaps"]) {
      const text = await textOf(plural);
      expect([plural, text.includes(secret), text.includes(encoded)]).toEqual([plural, false, false]);
    }
    expect((await textOf("secrets")).includes(encoded)).toBe(true);
  });
});
