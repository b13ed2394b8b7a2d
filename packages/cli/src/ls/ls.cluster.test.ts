import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Desk } from "../../test/plane.ts";

const chartOfAnother = {
  "Chart.yaml": "apiVersion: v2\nname: operator\nversion: 7.0.0\n",
  "templates/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: of-another }\n",
};

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.create();
});
afterAll(() => desk.leave());

describe("plane ls", () => {
  it("says that there is no release, and where to look", async () => {
    const { code, stdout, stderr } = await desk.plane(["ls"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toBe(`There is no release in namespace ${desk.namespace}; plane ls -A looks everywhere.`);
    expect(await desk.plane(["ls", "-o", "json"])).toMatchObject({ code: 0, stdout: "[]" });
  });

  it("counts Pods that are wanted and not ready", async () => {
    await desk.up("seen", ["--no-wait", "--set", "operator.nodeSelector.room=none"]);
    const pods = async () => {
      const { stdout } = await desk.plane(["ls", "-A", "-o", "json"]);
      const [row] = JSON.parse(stdout) as { pods: { ready: number; desired: number } }[];
      return row!.pods;
    };
    expect(await eventually(async () => (await pods()).ready === 2 && pods())).toEqual({
      ready: 2,
      desired: 3,
    });
  });

  it("lists a release with chart and app version, status, Pods that are ready, and age", async () => {
    expect(await desk.up("seen")).toMatchObject({ code: 0 });
    const { stdout } = await desk.plane(["ls"]);
    const [head, row, ...others] = stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
    expect(head).toEqual(["NAME", "NAMESPACE", "CHART", "APP VERSION", "STATUS", "READY", "AGE"]);
    expect(row).toEqual([
      ...["seen", desk.namespace, "operator-0.1.0", "0.1.0", "deployed", "3/3"],
      expect.stringMatching(/^\d+[sm]/) as string,
    ]);
    expect(others).toEqual([]);
  });

  it("leaves out what others call an operator", async () => {
    for (const [path, text] of Object.entries(chartOfAnother)) await desk.file(`another/${path}`, text);
    await desk.helm(["install", "foreign", `${desk.home}/another`]);
    const { stdout } = await desk.plane(["ls", "-o", "json"]);
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toEqual(["seen"]);
  });
});
