import { beforeAll, describe, expect, it } from "vitest";
import { chartsDir, helm, objectOf, ofKind, render } from "./helm.ts";
import type { Manifest, Pod } from "./manifests.ts";
import { matches, nameOf, podsOf, selectorsOf } from "./objects.ts";
import { allNamespaces, profiles } from "./profiles.ts";

const charts = ["operator", "runtime-controller", "route-controller", "image-controller"];

describe.each(charts)("the chart %s", (chart) => {
  it("has nothing that Helm's linter finds fault with", async () => {
    const { stdout, failed } = await helm(["lint", "--strict", `${chartsDir}/${chart}`]);
    expect(failed, stdout).toBe(false);
    expect(stdout).toContain("1 chart(s) linted, 0 chart(s) failed");
  });

  it("is refused by a Kubernetes that lacks what it needs", async () => {
    const { stderr } = await helm(["template", `${chartsDir}/${chart}`, "--kube-version", "1.29.9"]);
    expect(stderr).toContain("chart requires kubeVersion: >=1.30.0-0");
  });
});

describe.each(Object.entries({ ...profiles, "all namespaces": allNamespaces }))(
  "the objects of %s",
  (_, rendering) => {
    let objects: Manifest[];

    beforeAll(async () => {
      objects = await render(rendering);
    });

    it("are each there once", () => {
      const names = objects.map(nameOf);
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    });

    it("say what they belong to", () => {
      const own = objects.filter(({ metadata }) => !metadata.name.includes("of-datalayer-operator"));
      const labels = own.map((object) => [
        nameOf(object),
        object.metadata.labels?.["app"],
        object.metadata.labels?.["app.kubernetes.io/name"],
        object.metadata.labels?.["app.kubernetes.io/component"] !== undefined,
      ]);
      expect(labels).toEqual(own.map((object) => [nameOf(object), "operator", "datalayer-operator", true]));
    });

    it("select by two labels, and just one Deployment each", () => {
      const deployments = podsOf(objects).filter(({ metadata }) => !metadata.annotations?.["helm.sh/hook"]);
      const selectors = selectorsOf(objects).filter(({ matchLabels }) => matchLabels["app"] === "operator");
      expect(selectors.length).toBeGreaterThanOrEqual(deployments.length);
      for (const { object, matchLabels } of selectors) {
        const selected = deployments.filter(({ metadata }) => matches(matchLabels, metadata.labels));
        expect([nameOf(object), selected.length]).toEqual([nameOf(object), 1]);
        expect(Object.keys(matchLabels)).toEqual(["app", "app.kubernetes.io/component"]);
      }
    });

    it("lead Services to ports that are there", () => {
      const pods = podsOf(objects);
      for (const service of ofKind(objects, "Service")) {
        const pod = pods.find(({ metadata }) => matches(service.spec.selector, metadata.labels));
        const names = pod?.spec.containers.flatMap(({ ports }) => ports?.map(({ name }) => name)) ?? [];
        const targets = service.spec.ports.map(({ targetPort }) => targetPort);
        expect(names).toEqual(expect.arrayContaining(targets));
        expect(service.spec.type).toBe("ClusterIP");
      }
    });

    it("use accounts and Secrets that somebody makes", () => {
      const made = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
      const ofOthers = ["Secret datalayer-operator-api-key", "Secret my-key", "ServiceAccount mine"];
      const known = (name: string): boolean => made.has(name) || ofOthers.includes(name);
      const used = ofKind(objects, "Deployment").flatMap((deployment) => {
        const { serviceAccountName, volumes = [], containers } = deployment.spec.template.spec;
        const mounted = volumes.flatMap(({ secret }) => secret?.secretName ?? []);
        const asVariables = containers.flatMap(({ env = [], envFrom = [] }) => [
          ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
          ...envFrom.flatMap(({ secretRef }) => secretRef?.name ?? []),
        ]);
        return [
          `ServiceAccount ${serviceAccountName ?? ""}`,
          ...[...mounted, ...asVariables].map((name) => `Secret ${name}`),
        ];
      });
      expect(used.filter((name) => !known(name))).toEqual([]);
    });
  },
);

describe("the umbrella", () => {
  it("leads datalayer-operator-svc to the runtime-controller alone", async () => {
    const objects = await render();
    const service = objectOf(objects, "Service", "datalayer-operator-svc");
    expect(service.spec.ports).toMatchObject([{ port: 2111, targetPort: "api" }]);
    const selected = podsOf(objects).filter(({ metadata }) =>
      matches(service.spec.selector, metadata.labels),
    );
    expect(selected.map(({ metadata }) => metadata.name)).toEqual(["datalayer-runtime-controller"]);
  });

  it("labels all Pods of the operator with app=operator", async () => {
    const pods = podsOf(await render(profiles["everything"]));
    expect(pods.length).toBeGreaterThan(5);
    expect(pods.filter(({ metadata }) => metadata.labels?.["app"] !== "operator")).toEqual([]);
  });

  it.each([0, 1, 2, 3])("runs %i replicas of each process when it is told to", async (count) => {
    const deployments = ofKind(await render(profiles[`${count} replicas`]), "Deployment");
    expect(deployments).toHaveLength(5);
    expect(deployments.map(({ spec }) => spec.replicas)).toEqual(deployments.map(() => count));
  });

  it("tests what runs, and nothing else", async () => {
    const tests = async (name: string): Promise<Pod[]> => ofKind(await render(profiles[name]), "Pod");
    expect(await tests("0 replicas")).toEqual([]);
    expect(await tests("1 replicas")).toHaveLength(3);
  });

  it("has nothing to write to but a folder in which the image-controller looks at repositories", async () => {
    const pods = podsOf(await render(profiles["everything"]));
    const writable = pods.flatMap(({ spec, metadata }) =>
      spec.containers.flatMap(({ volumeMounts = [] }) =>
        volumeMounts
          .filter(({ readOnly }) => readOnly !== true)
          .map(({ mountPath }) => [metadata.labels?.["app.kubernetes.io/component"], mountPath]),
      ),
    );
    expect(writable).toEqual([["image-controller", "/tmp"]]);
  });

  it("takes all images from one registry, and prefers a digest", async () => {
    const pods = podsOf(await render(profiles["an air gap"]));
    const images = new Set(pods.flatMap(({ spec }) => spec.containers.map(({ image }) => image)));
    expect([...images].toSorted()).toEqual([
      "registry.example.org:5000/datalayer/image-controller:0.1.0",
      "registry.example.org:5000/datalayer/route-controller:0.1.0",
      `registry.example.org:5000/datalayer/runtime-controller@sha256:${"0".repeat(64)}`,
    ]);
    const pullSecrets = new Set(pods.map(({ spec }) => JSON.stringify(spec.imagePullSecrets)));
    expect([...pullSecrets]).toEqual(['[{"name":"mirror"}]']);
  });
});
