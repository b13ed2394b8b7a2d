/** A dashboard in the classic model, which every Grafana reads; its newer one needs Grafana 12. */
export type Dashboard = Readonly<Record<string, unknown>>;

/** One graph. */
export interface Graph {
  title: string;
  /** What it shows and when to look at it. */
  description: string;
  /** A unit of Grafana, such as `s`, `reqps` or `bytes`. Default: a plain number. */
  unit?: string;
  /** PromQL, by how its series are called. */
  queries: Readonly<Record<string, string>>;
}

/** Graphs that belong together, by the title of their row. */
export type Rows = Readonly<Record<string, readonly Graph[]>>;

const rowWidth = 24;
const graphHeight = 7;
const mostPerLine = 3;
/** Chosen in Grafana: nothing is fixed to a data source. */
const datasource = { type: "prometheus", uid: "${datasource}" };

/** A dashboard of rows that stand one below another. */
export function buildDashboard(options: { uid: string; title: string; rows: Rows }): Dashboard {
  const { rows, ...named } = options;
  return {
    ...named,
    tags: ["datalayer"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: {
      list: [{ type: "datasource", name: "datasource", label: "Data source", query: "prometheus" }],
    },
    panels: panelsOf(rows),
  };
}

interface Panel {
  id: number;
  gridPos: { x: number; y: number; w: number; h: number };
  [field: string]: unknown;
}

function panelsOf(rows: Rows): Panel[] {
  const panels: Panel[] = [];
  let y = 0;
  for (const [title, graphs] of Object.entries(rows)) {
    const id = panels.length + 1;
    panels.push({
      id,
      type: "row",
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: rowWidth, h: 1 },
    });
    const w = rowWidth / Math.min(graphs.length, mostPerLine);
    const place = (index: number): Panel["gridPos"] => ({
      x: (index % mostPerLine) * w,
      y: y + 1 + Math.floor(index / mostPerLine) * graphHeight,
      w,
      h: graphHeight,
    });
    panels.push(
      ...graphs.map((graph, index) => ({ id: id + 1 + index, gridPos: place(index), ...panelOf(graph) })),
    );
    y += 1 + Math.ceil(graphs.length / mostPerLine) * graphHeight;
  }
  return panels;
}

function panelOf({ title, description, unit = "short", queries }: Graph): Record<string, unknown> {
  return {
    type: "timeseries",
    title,
    description,
    datasource,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: {
      legend: { showLegend: true, displayMode: "list", placement: "bottom" },
      tooltip: { mode: "multi" },
    },
    targets: Object.entries(queries).map(([legendFormat, expr], index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource,
      expr,
      legendFormat,
    })),
  };
}

/** The quantile of a histogram over the last five minutes. */
export function quantile(q: number, metric: string, selector: string, by = ""): string {
  const labels = ["le", by].filter(Boolean).join(", ");
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${metric}_bucket{${selector}}[5m])))`;
}

/** How often something happens in a second. */
export function rate(metric: string, selector: string, by: string): string {
  return `sum by (${by}) (rate(${metric}{${selector}}[5m]))`;
}
