import { describe, expect, it } from "vitest";
import { run } from "../process/run.ts";
import { exportLines, statusText } from "./text.ts";

describe("the lines for a shell", () => {
  it("set the variables, whatever the paths contain", async () => {
    const lines = exportLines({ kubeconfigPath: "/a b/it's $HOME", programDirs: ["/p 1", "/p2"] });
    const output = await run("sh", [
      "-c",
      `PATH=/usr/bin; ${lines}; echo "$KUBECONFIG|$DEVCLUSTER_KUBECONFIG|$PATH"`,
    ]);
    expect(output).toBe("/a b/it's $HOME|/a b/it's $HOME|/p 1:/p2:/usr/bin");
  });
});

describe("the status of a cluster", () => {
  it("is a heading, addresses and a table", () => {
    const text = statusText({
      name: "default",
      state: "running",
      nodes: "kwok",
      server: "https://127.0.0.1:1",
      kubeconfigPath: "/k",
      addresses: { registry: "127.0.0.1:2" },
      components: [
        { name: "etcd", running: true, pid: 12345, port: 2379, uptimeMs: 42_000, logPath: "/l/etcd.log" },
        { name: "kwok", running: false, pid: 7, logPath: "/l/kwok.log" },
      ],
    });
    expect(text.split("\n")).toEqual([
      "default: running, nodes: kwok, https://127.0.0.1:1",
      "registry: 127.0.0.1:2",
      "COMPONENT  UP     PID    PORT  LOG",
      "etcd       42 s   12345  2379  /l/etcd.log",
      "kwok       ended  7      -     /l/kwok.log",
    ]);
  });
});
