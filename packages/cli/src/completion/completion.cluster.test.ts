import { provideBashCompletion } from "@datalayer/devcluster/testkit/bash-completion";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Desk } from "../../test/plane.ts";

const main = new URL("../plane.ts", import.meta.url).pathname;
const release = "completed";

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.create();
  await desk.file("bin/plane", `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`, 0o755);
  expect(await desk.up(release, ["--no-wait"])).toMatchObject({ code: 0 });
  await desk.create(RuntimePool, {
    apiVersion: "datalayer.io/v1",
    kind: "RuntimePool",
    metadata: { name: "small" },
    spec: { environment: "python", size: 1 },
  });
});
afterAll(() => desk.leave());

/** What bash offers for the last word of a line, once the script of `plane completion bash` has been sourced. */
async function offered(line: string): Promise<string[]> {
  const script = `
    source ${await provideBashCompletion()}
    source <(plane completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1}
    read -ra COMP_WORDS <<<"$1"
    [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    completer=$(complete -p plane | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
    compopt() { :; } # outside of a prompt there is nothing that it could change
    "$completer"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execa("bash", ["--norc", "-c", script, "bash", line], {
    env: { HOME: desk.home, PATH: `${desk.home}/bin:/usr/bin:/bin`, KUBECONFIG: desk.kubeconfigPath },
    extendEnv: false,
  });
  return stdout.split("\n").map((word) => word.trim());
}

describe("bash", () => {
  it.each([
    ["plane ", ["up", "down", "ls", "status", "logs", "check", "explain", "support-bundle"]],
    ["plane st", ["status"]],
    ["plane logs --fo", []],
    ["plane logs --no-f", ["--no-follow"]],
    ["plane logs --level ", ["error", "warn", "info", "debug"]],
    ["plane logs -o ", ["text", "json", "yaml"]],
  ])("completes `%s` without a cluster", async (line, words) => {
    const found = await offered(line);
    expect(found).toEqual(words.length === 0 ? [""] : (expect.arrayContaining(words) as string[]));
  });

  it("completes names that are in the cluster", async () => {
    expect(await offered("plane status ")).toContain(release);
    expect(await offered("plane down comp")).toEqual([release]);
    expect(await offered("plane logs --controller r")).toEqual(["route-controller", "runtime-controller"]);
    expect(await offered("plane explain runtime-pool/")).toContain("runtime-pool/small");
  });
});
