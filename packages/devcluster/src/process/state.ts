import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Undo } from "./undo.ts";

const identitySchema = z.object({ pid: z.int(), startTicks: z.number() });

const componentSchema = z.object({
  name: z.string(),
  process: identitySchema,
  /** The mark of its cluster; see `instanceVariable`. */
  instance: z.string(),
  port: z.int().optional(),
  logPath: z.string(),
  /** Whether it gets time to end by itself. */
  graceful: z.boolean(),
  /** Milliseconds since the Unix epoch. */
  startedAt: z.number(),
});

/** One process of a cluster. */
export type ComponentRecord = z.infer<typeof componentSchema>;

const clusterSchema = z.object({
  name: z.string(),
  /** Marks every process of this cluster, in its environment. */
  instance: z.string(),
  /** The process whose end is the cluster's end; null for one that stays until `down`. */
  owner: identitySchema.nullable(),
  nodes: z.enum(["real", "kwok", "none"]),
  /** Whether the cluster was here before: then nothing of it is started or ended. */
  attached: z.boolean().default(false),
  server: z.string().optional(),
  kubeconfigPath: z.string().optional(),
  /** Folders that `devcluster env` puts in front of PATH. */
  programDirs: z.array(z.string()).default([]),
  /** What `down` and `status` need to know of other parts, by their name. */
  addresses: z.record(z.string(), z.string()).default({}),
});

/** What is known of a cluster as a whole. */
export type ClusterRecord = z.infer<typeof clusterSchema>;

/**
 * The folder of one cluster, private to the user. What it records is written before the thing it tells of is
 * made, so that a later process can undo whatever a killed one left.
 */
export class ClusterState {
  /** Absolute path of the cluster's folder. */
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** A path in the cluster's folder. */
  path(...segments: string[]): string {
    return join(this.dir, ...segments);
  }

  /** The file that a component writes its log to. */
  logPath(component: string): string {
    return this.path("logs", `${component}.log`);
  }

  /** Makes a folder in the cluster's folder, private to the user, and returns its path. */
  async makeDir(...segments: string[]): Promise<string> {
    const dir = this.path(...segments);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return dir;
  }

  /** Writes a file in the cluster's folder, readable by the user alone, and returns its path. */
  async writeFile(name: string, content: string): Promise<string> {
    const path = this.path(name);
    // Aside and renamed: a reader never sees half of it.
    await writeFile(`${path}.new`, content, { mode: 0o600 });
    await rename(`${path}.new`, path);
    return path;
  }

  /** What is known of the cluster; undefined when it has no readable record. */
  async readCluster(): Promise<ClusterRecord | undefined> {
    return parseFile(this.path("cluster.json"), clusterSchema);
  }

  async writeCluster(record: ClusterRecord): Promise<void> {
    await this.makeDir();
    await this.writeFile("cluster.json", JSON.stringify(record, null, 2));
  }

  /** Changes some of what is known of the cluster. */
  async updateCluster(change: Partial<ClusterRecord>): Promise<void> {
    const record = await this.readCluster();
    if (record !== undefined) {
      await this.writeCluster({ ...record, ...change });
    }
  }

  /** Records a process of the cluster; one with the same name is replaced. */
  async recordComponent(record: ComponentRecord): Promise<void> {
    await this.makeDir("components");
    await this.writeFile(join("components", `${record.name}.json`), JSON.stringify(record, null, 2));
  }

  /** Every recorded process, in the order of their start. */
  async readComponents(): Promise<ComponentRecord[]> {
    const files = await readdir(this.path("components")).catch(() => []);
    const paths = files.filter((file) => file.endsWith(".json")).map((file) => this.path("components", file));
    const records = await Promise.all(paths.map((path) => parseFile(path, componentSchema)));
    return records.filter((record) => record !== undefined).sort((a, b) => a.startedAt - b.startedAt);
  }

  /** Records what has to be undone when the cluster ends. Call it before making the thing. */
  async recordUndo(entry: Undo): Promise<void> {
    await this.makeDir();
    await appendFile(this.path("undo.jsonl"), `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }

  /** What has to be undone, latest first. */
  async readUndos(): Promise<Undo[]> {
    const text = await readFile(this.path("undo.jsonl"), "utf8").catch(() => "");
    return text.split("\n").flatMap(parseUndo).reverse();
  }

  /** Removes the folder. */
  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** The last line may be cut: the writer was killed before it made the thing. */
function parseUndo(line: string): Undo[] {
  try {
    return [JSON.parse(line) as Undo];
  } catch {
    return [];
  }
}

async function parseFile<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}
