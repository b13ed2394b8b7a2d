/**
 * Generates the schema of values, the README, the dashboards and the derived parts of Chart.yaml of every chart. With
 * `--check` it fails when a committed file differs, when a value is not described, and when no chart runs a process whose
 * settings are known.
 */
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import packageJson from "../package.json" with { type: "json" };
import { root, settleFile } from "../docs/generated-page.ts";
import { settingTables } from "../docs/settings-tables.ts";
import { images } from "./dashboards/images.ts";
import { routes } from "./dashboards/routes.ts";
import { runtimes } from "./dashboards/runtimes.ts";
import { completeChartFile, type Definition } from "./chart-file.ts";
import { type ChartDescription, charts } from "./charts.ts";
import { readmeOf } from "./readme.ts";
import { schemaOf, type SettingsByPath } from "./schema.ts";
import { type ChartValue, isDescribed, parseValues } from "./values.ts";

const { version } = packageJson;
const tables = await settingTables();

const read = (...path: string[]): Promise<string> => readFile(join(root, "charts", ...path), "utf8");

async function definitionsOf(folder: string): Promise<Definition[]> {
  const files: string[] = [];
  for await (const file of glob("files/crds/*.yaml", { cwd: join(root, "charts", folder) })) files.push(file);
  return Promise.all(files.sort().map(async (file) => parse(await read(folder, file)) as Definition));
}

/** A part of the umbrella has its kinds too. */
async function kindsOf(folder: string): Promise<Definition[]> {
  const folders = folder === "operator" ? Object.keys(charts) : [folder];
  return (await Promise.all(folders.map(definitionsOf))).flat();
}

/** Of a group, its members; of anything else, itself. */
function undescribed(value: ChartValue): string[] {
  const isGroup = value.children.length > 0 && !("additionalProperties" in value.schema);
  if (isGroup) return value.children.flatMap(undescribed);
  return isDescribed(value) ? [] : [value.path];
}

interface ChartFile {
  name: string;
  description: string;
  dependencies: { name: string; alias?: string }[];
}

async function settleChart(folder: string, chart: ChartDescription): Promise<void> {
  const chartFile = await read(folder, "Chart.yaml");
  const values = parseValues(await read(folder, "values.yaml"));
  for (const path of values.flatMap(undescribed))
    complain(`charts/${folder}/values.yaml: ${path}: expected a comment "# -- ..."`);
  const settings: SettingsByPath = Object.fromEntries(
    Object.entries(chart.commands).map(([path, command]) => [path, tables.get(command) ?? []]),
  );
  const { name, description, dependencies } = parse(chartFile) as ChartFile;
  const definitions = await kindsOf(folder);
  await settleFile(
    `charts/${folder}/Chart.yaml`,
    completeChartFile(chartFile, { version, images: chart.images, definitions }),
  );
  const names = dependencies.map(({ name: chartName, alias }) => alias ?? chartName);
  await settleFile(`charts/${folder}/values.schema.json`, JSON.stringify(schemaOf(values, settings, names)));
  await settleFile(`charts/${folder}/README.md`, readmeOf({ name, description, ...chart }, values, settings));
}

/** By the file below `charts`. */
const dashboards = {
  "runtime-controller/files/dashboards/runtimes.json": runtimes,
  "route-controller/files/dashboards/routes.json": routes,
  "image-controller/files/dashboards/images.json": images,
};

function complain(problem: string): void {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}

const library = "library/Chart.yaml";
await settleFile(
  `charts/${library}`,
  completeChartFile(await read(library), { version, images: [], definitions: [] }),
);
for (const [folder, chart] of Object.entries(charts)) await settleChart(folder, chart);
const installed = Object.values(charts).flatMap(({ commands }) => Object.values(commands));
for (const [file, dashboard] of Object.entries(dashboards))
  await settleFile(`charts/${file}`, JSON.stringify(dashboard));
for (const command of tables.keys())
  if (!installed.includes(command)) complain(`no chart runs "${command}": tools/charts/charts.ts`);
