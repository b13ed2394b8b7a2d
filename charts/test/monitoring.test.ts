import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { providePrometheus } from "@datalayer/devcluster/testkit/prometheus";
import { tempDir } from "@datalayer/devcluster/testkit/temp-dir";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { type AlertGroup, ofKind, render } from "./helm.ts";
import type { Manifest } from "./manifests.ts";
import { readPromql } from "./promql.ts";

const docs = join(import.meta.dirname, "../../docs");
const on = {
  serviceMonitor: { enabled: true },
  prometheusRule: { enabled: true },
  dashboards: { enabled: true },
};
const values = {
  operator: on,
  "route-controller": { ...on, gateway: { enabled: true } },
  "image-controller": on,
};

interface Dashboard {
  uid: string;
  templating: { list: { name: string; type: string }[] };
  panels: Panel[];
}

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: object;
  targets?: { expr: string; legendFormat: string; datasource: object }[];
}

/** The labels of every metric that docs/metrics.md has; of a histogram, those of its parts too. */
async function documentedMetrics(): Promise<Map<string, string[]>> {
  const page = await readFile(join(docs, "metrics.md"), "utf8");
  const rows = page.matchAll(/^\| `(\w+)` +\| (\w+) +\| ([^|]*)\|/gm);
  const metrics = new Map<string, string[]>();
  for (const [, name = "", type, cell = ""] of rows) {
    const labels = [...cell.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label);
    if (type !== "histogram") metrics.set(name, labels);
    else for (const part of ["bucket", "count", "sum"]) metrics.set(`${name}_${part}`, [...labels, "le"]);
  }
  return metrics;
}

/** Those of prom-client and of Prometheus itself; labels that a scrape adds. */
const ofOthers = [
  "up",
  "process_cpu_seconds_total",
  "process_resident_memory_bytes",
  "process_start_time_seconds",
];
const ofScrapes = ["job", "instance"];

let objects: Manifest[];
let known: Map<string, string[]>;
let groups: AlertGroup[];

beforeAll(async () => {
  objects = await render({ values });
  known = await documentedMetrics();
  groups = ofKind(objects, "PrometheusRule").flatMap(({ spec }) => spec.groups);
});

/** What an expression reads that nothing gives. */
function unknownIn(expression: string): string[] {
  const { metrics, grouping } = readPromql(expression);
  const labels = metrics.flatMap(({ name }) => known.get(name) ?? []);
  return [
    ...metrics.flatMap((metric) => {
      if (ofOthers.includes(metric.name)) return [];
      const own = known.get(metric.name);
      if (!own) return [`${metric.name} is not a metric`];
      const strange = metric.labels.filter((label) => ![...own, ...ofScrapes].includes(label));
      return strange.map((label) => `${metric.name} has no label ${label}`);
    }),
    ...grouping
      .filter((label) => ![...labels, ...ofScrapes].includes(label))
      .map((label) => `no metric has ${label}`),
  ];
}

describe("the check of expressions", () => {
  it.each([
    ['sum(nothing{job="x"})', ["nothing is not a metric"]],
    ['datalayer_claim_queue_depth{job="x",result="y"}', ["datalayer_claim_queue_depth has no label result"]],
    ["sum by (pool) (datalayer_claim_queue_depth)", ["no metric has pool"]],
    ['rate(datalayer_claim_duration_seconds_bucket{result="a"}[5m])', []],
  ])("finds what nothing gives in %s", (expression, expected) => {
    expect(unknownIn(expression)).toEqual(expected);
  });

  it("finds what is no PromQL", () => {
    expect(() => unknownIn("sum(rate(up[5m])")).toThrow("no PromQL at");
  });
});

describe("dashboards", () => {
  const dashboards = (): Dashboard[] =>
    ofKind(objects, "ConfigMap")
      .filter(({ metadata }) => metadata.labels?.["grafana_dashboard"] === "1")
      .flatMap(({ data }) => Object.values(data).map((text) => JSON.parse(text) as Dashboard));

  it("are there for each chart, with names and panels of their own", () => {
    expect(
      dashboards()
        .map(({ uid }) => uid)
        .toSorted(),
    ).toEqual(["datalayer-images", "datalayer-routes", "datalayer-runtimes"]);
    for (const { panels } of dashboards())
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it("take their data from where the reader says", () => {
    const source = { type: "prometheus", uid: "${datasource}" };
    for (const { templating, panels } of dashboards()) {
      expect(templating.list).toMatchObject([{ name: "datasource", type: "datasource" }]);
      const sources = panels.flatMap(({ datasource, targets = [] }) =>
        datasource ? [datasource, ...targets.map((target) => target.datasource)] : [],
      );
      expect(sources.length).toBeGreaterThan(10);
      expect(sources.filter((one) => JSON.stringify(one) !== JSON.stringify(source))).toEqual([]);
    }
  });

  it("show what there is, and say what it means", () => {
    const graphs = dashboards().flatMap(({ panels }) => panels.filter(({ type }) => type !== "row"));
    expect(graphs.length).toBeGreaterThan(50);
    for (const { title, description = "", targets = [] } of graphs) {
      expect([title, description.endsWith(".")]).toEqual([title, true]);
      expect([title, targets.flatMap(({ expr }) => unknownIn(expr))]).toEqual([title, []]);
      expect(targets.length).toBeGreaterThan(0);
    }
  });
});

describe("alerts", () => {
  const alerts = (): AlertGroup["rules"] => groups.flatMap(({ rules }) => rules);
  const names = (): string[] => [...new Set(alerts().map(({ alert }) => alert))].toSorted();

  it("ask for what there is", () => {
    expect(alerts().length).toBeGreaterThan(30);
    expect(alerts().flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  });

  it("each have a page that says what to do, and each page its alert", async () => {
    const pages = (await readdir(join(docs, "runbooks"))).filter((file) => file !== "README.md");
    expect(pages.toSorted()).toEqual(names().map((name) => `${name}.md`));
    for (const page of pages) {
      const text = await readFile(join(docs, "runbooks", page), "utf8");
      expect(text).toContain(`# ${page.replace(".md", "")}\n`);
      for (const heading of ["## Meaning", "## Find out", "## What to do"])
        expect([page, text.includes(`\n${heading}\n`)]).toEqual([page, true]);
    }
  });

  it("name their page, below the address that the administrator gives", async () => {
    const runbookUrl = "https://docs.example.org/runbooks/";
    const rules = {
      enabled: true,
      runbookUrl,
      alertLabels: { team: "platform" },
      disabled: ["DatalayerNoLeader"],
    };
    const some = await render({ chart: "runtime-controller", values: { prometheusRule: rules } });
    const changed = ofKind(some, "PrometheusRule").flatMap(({ spec }) =>
      spec.groups.flatMap((group) => group.rules),
    );
    expect(changed.map(({ alert }) => alert)).toContain("DatalayerClaimsWait");
    expect(changed.map(({ alert }) => alert)).not.toContain("DatalayerNoLeader");
    for (const { alert, labels, annotations } of changed) {
      expect(annotations["runbook_url"]).toBe(`https://docs.example.org/runbooks/${alert}.md`);
      expect(labels).toMatchObject({ team: "platform" });
    }
  });

  it("fire when they should and not before, as promtool sees it", async () => {
    const { promtool } = await providePrometheus();
    const dir = await tempDir();
    await writeFile(join(dir, "rules.yaml"), stringify({ groups }));
    const tests = await readFile(join(import.meta.dirname, "alerts.test.yaml"), "utf8");
    await writeFile(join(dir, "tests.yaml"), tests);
    const { all, failed } = await execa(promtool, ["test", "rules", "tests.yaml"], {
      cwd: dir,
      all: true,
      reject: false,
    });
    expect(failed, all).toBe(false);
    const { tests: cases } = parse(tests) as {
      tests: { name: string; alert_rule_test: { exp_alerts: object[] }[] }[];
    };
    expect(cases.map(({ name }) => name).toSorted()).toEqual(names());
    for (const { name, alert_rule_test: steps } of cases)
      expect([name, steps.map(({ exp_alerts: fired }) => fired.length > 0)]).toEqual([name, [false, true]]);
  });
});

describe("the monitors", () => {
  it("find the Services of the processes of their chart, and call each process by its name", () => {
    const monitors = ofKind(objects, "ServiceMonitor");
    const components = monitors.map(({ spec }) => spec.selector.matchExpressions[0]?.values);
    expect(components).toEqual([
      ["image-controller"],
      ["runtime-controller"],
      ["route-controller", "verifier", "runtime-gateway"],
    ]);
    const services = ofKind(objects, "Service").filter(
      ({ metadata }) => metadata.labels?.["datalayer.io/metrics"],
    );
    expect(services).toHaveLength(5);
    for (const { spec } of monitors) expect(spec.jobLabel).toBe("app.kubernetes.io/component");
  });
});
