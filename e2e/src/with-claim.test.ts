import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const launcher = join(import.meta.dirname, "../../tools/images/jupyter/with-claim");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "with-claim-"));
});

afterEach(() => rm(folder, { recursive: true }));

const show = (files: Record<string, string>): Promise<unknown> =>
  Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));

/** Starts a program under the launcher that prints its variables, each ended by NUL. */
function start(env: Record<string, string> = { DATALAYER_CLAIM_DIR: folder }) {
  return execa("python3", ["-IS", launcher, "/usr/bin/env", "-0"], {
    env,
    extendEnv: false,
    stripFinalNewline: false,
  });
}

function variablesIn(stdout: string): Record<string, string> {
  const lines = stdout.split("\0").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

describe("the launcher", () => {
  it("does nothing outside of a runtime", async () => {
    const { stdout } = await start({ A: "1" });
    expect(variablesIn(stdout)).toMatchObject({ A: "1" });
  });

  it("sets a variable for each file whose name is one, byte by byte", async () => {
    await show({
      "claim-id": "claim-1",
      "brings-secret": "true",
      "secret-of-claim": "claim-1",
      API_KEY: "a=b\nü\n",
      EMPTY: "",
      "not-a-name": "x",
    });
    const variables = variablesIn((await start()).stdout);
    expect(variables).toMatchObject({ API_KEY: "a=b\nü\n", EMPTY: "" });
    for (const name of ["not-a-name", "claim-id", "brings-secret", "secret-of-claim"])
      expect(variables).not.toHaveProperty([name]);
  });

  it("does not wait for a claim that brings nothing", async () => {
    await show({ "claim-id": "claim-1", "brings-secret": "" });
    const { stderr, durationMs } = await start();
    expect(stderr).toBe("");
    expect(durationMs).toBeLessThan(5_000);
  });

  it("waits for the claim, and then for what is the claim's own", async () => {
    await show({ "claim-id": "", "brings-secret": "" });
    const program = start();
    let ended = false;
    void program.finally(() => (ended = true));
    await show({ "secret-of-claim": "claim-0", API_KEY: "of-another", "brings-secret": "true" });
    await show({ "claim-id": "claim-1" });
    expect(ended).toBe(false);
    await show({ API_KEY: "mine" });
    await show({ "secret-of-claim": "claim-1" });
    expect(variablesIn((await program).stdout)).toMatchObject({ API_KEY: "mine" });
  });

  it("gives up after ten seconds, says why, and starts the program without", async () => {
    await show({
      "claim-id": "claim-1",
      "brings-secret": "true",
      "secret-of-claim": "claim-0",
      API_KEY: "of-another",
    });
    const { stdout, stderr, durationMs } = await start();
    expect(stderr).toContain("after 10 s what the claim brings is not there; starting without");
    expect(variablesIn(stdout)).not.toHaveProperty("API_KEY");
    expect(durationMs).toBeGreaterThanOrEqual(10_000);
  });
});
