import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChartCluster } from "./installed.ts";
import type { Manifest, Pod } from "./manifests.ts";

const nodes = 3;

/** Each chart, with the Deployments that it makes. */
const charts: [string, string[]][] = [
  ["runtime-controller", ["datalayer-runtime-controller"]],
  ["route-controller", ["datalayer-route-controller", "datalayer-verifier"]],
  ["image-controller", ["datalayer-image-controller"]],
];

interface DeploymentStatus extends Manifest {
  spec: { replicas: number };
  status: { readyReplicas?: number };
}

interface Budget extends Manifest {
  status: { expectedPods: number; desiredHealthy: number; disruptionsAllowed: number };
}

let on: ChartCluster;

beforeAll(async () => {
  on = await ChartCluster.start({ kwokNodes: nodes });
  await on.publish();
});

afterAll(() => on.cluster.down());

describe.each(charts)("the chart %s, in a namespace without the others", (chart, names) => {
  const namespace = `only-${chart}`;
  const get = (kind: string) => on.get(kind, "--namespace", namespace);

  const upgrade = async (values: Readonly<Record<string, unknown>>): Promise<void> => {
    const all = names.includes("datalayer-verifier") ? { ...values, verifier: values } : values;
    const args = ["--wait", "--timeout", "120s"];
    const { failed, stderr } = await on.install({ chart, release: "alone", namespace, values: all, args });
    expect(failed, stderr).toBe(false);
  };

  const replicas = async (): Promise<[string, number, number][]> =>
    ((await get("deployments")) as DeploymentStatus[])
      .map(({ metadata, spec, status }): [string, number, number] => [
        metadata.name,
        spec.replicas,
        status.readyReplicas ?? 0,
      ])
      .toSorted();

  const budgets = async (): Promise<[string, Budget["status"]][]> =>
    ((await get("poddisruptionbudgets")) as Budget[])
      .filter(({ metadata }) => names.includes(metadata.name))
      .map(({ metadata, status: { expectedPods, desiredHealthy, disruptionsAllowed } }) => [
        metadata.name,
        { expectedPods, desiredHealthy, disruptionsAllowed },
      ]);

  it.each([0, 1, 2, 3])(
    "rolls out with %i replicas, which a drain may take one after another",
    async (count) => {
      await upgrade({ replicas: count });
      expect(await replicas()).toEqual(names.map((name) => [name, count, count]));
      // Not even the only replica holds a drain up; with others, the next one waits until it is back.
      const allowed = Math.min(count, 1);
      const budget = { expectedPods: count, desiredHealthy: count - allowed, disruptionsAllowed: allowed };
      await expect.poll(budgets).toEqual(names.map((name) => [name, budget]));
    },
  );

  it("has each of three replicas on a node of its own", async () => {
    for (const name of names) {
      const selector = `app.kubernetes.io/component=${name.replace("datalayer-", "")}`;
      const pods = (await on.get("pods", "--namespace", namespace, "--selector", selector)) as Pod[];
      const places = pods.map(({ spec }) => (spec as { nodeName?: string }).nodeName);
      expect(new Set(places).size, name).toBe(nodes);
    }
  });

  it("starts again from 0 replicas with an autoscaler, which later upgrades do not overrule", async () => {
    await upgrade({ replicas: 0 });
    const autoscaled = { replicas: 0, autoscaling: { enabled: true, minReplicas: 2 } };
    await upgrade(autoscaled);
    const two = names.map((name) => [name, 2, 2]);
    await expect.poll(replicas, { timeout: 60_000 }).toEqual(two);
    await upgrade({ ...autoscaled, resources: { requests: { cpu: "20m" } } });
    expect(await replicas()).toEqual(two);
  });

  it("goes, and leaves its definitions alone", async () => {
    const { failed, stderr } = await on.helm(["uninstall", "alone", "--namespace", namespace, "--wait"]);
    expect(failed, stderr).toBe(false);
    const left = await get(
      "deployments,services,poddisruptionbudgets,horizontalpodautoscalers,roles,networkpolicies",
    );
    expect(left).toEqual([]);
  });
});
