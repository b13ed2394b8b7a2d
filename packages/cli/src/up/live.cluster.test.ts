import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Desk } from "../../test/plane.ts";

const main = new URL("../plane.ts", import.meta.url).pathname;

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.create();
});
afterAll(() => desk.leave());

/** Runs `plane up` on a terminal; answers with what it has shown there. */
async function upOnTerminal(...args: string[]): Promise<{ code: number | undefined; shown: string }> {
  const values = ["--values", `${desk.home}/small.json`, "--namespace", desk.namespace];
  const words = [process.execPath, main, "up", "live", ...values, ...args];
  // It comes with util-linux, and gives a command a terminal of its own.
  const command = `stty rows 50 columns 200; ${words.map((word) => `'${word}'`).join(" ")}`;
  const { exitCode, stdout } = await execa(
    "script",
    ["--quiet", "--return", "--command", command, "/dev/null"],
    {
      env: {
        ...{ HOME: desk.home, PATH: "/usr/bin:/bin", TERM: "xterm" },
        ...{ KUBECONFIG: desk.kubeconfigPath, PLANE_HELM: desk.helmPath },
      },
      extendEnv: false,
      reject: false,
      stdin: "ignore",
    },
  );
  return { code: exitCode, shown: stdout };
}

/** How a line with this text was last drawn. */
const lastDrawn = (shown: string, text: string): string =>
  stripVTControlCharacters(shown)
    .split(/[\r\n]+/)
    .findLast((line) => line.includes(text)) ?? "";

describe("plane up on a terminal", () => {
  it("draws the processes anew, and below those that are not ready what is in the way", async () => {
    const nowhere = ["--set-string", "operator.nodeSelector.nowhere=true", "--timeout", "10s"];
    const { code, shown } = await upOnTerminal(...nowhere);
    expect(code).toBe(124);
    expect(lastDrawn(shown, "runtime-controller 0/1")).toMatch(
      /^[\u2800-\u28FF] runtime-controller 0\/1 ready$/,
    );
    expect(lastDrawn(shown, "└─")).toMatch(
      /^ {2}└─ Pod datalayer-runtime-controller-\S+: Unschedulable: .*didn't match Pod's node affinity\/selector/,
    );
    expect(lastDrawn(shown, "route-controller 1/1")).toBe("✔ route-controller 1/1 ready");
    // Upwards, over what was drawn before.
    expect(shown.match(/\[\d+A/g)?.length).toBeGreaterThan(10);
  });

  it("leaves a tree in which all is ready", async () => {
    const { code, shown } = await upOnTerminal("--reset-values");
    expect(code).toBe(0);
    for (const component of ["runtime-controller", "route-controller", "verifier"]) {
      expect(lastDrawn(shown, `${component} `)).toBe(`✔ ${component} 1/1 ready`);
    }
  });
});
