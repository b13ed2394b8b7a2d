import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Administrator, type Ended, namespace } from "./administrator.ts";

/** What `plane status -o json` says, as far as it is looked at. */
export interface Status {
  controllers: { component: string; ready: number; desired: number; leader?: string }[];
  pools: Record<string, unknown>[];
  problems: { object: string; reason: string; message: string }[];
}

/** What `plane check -o json` says. */
export interface Checks {
  success: boolean;
  categories: { checks: { id: string; result: string; message: string; hint: string }[] }[];
}

/** How `plane status` or `plane check` ended, and what it found. */
type Answered<Answer> = Pick<Ended, "code"> & { answer: Answer };

/** Runs `plane status` for a program; `args` name another release. */
export async function status(admin: Administrator, ...args: string[]): Promise<Answered<Status>> {
  const { code, stdout } = await admin.plane(["status", ...args, "-o", "json"]);
  return { code, answer: JSON.parse(stdout) as Status };
}

/** Runs `plane check` for a program. */
export async function check(admin: Administrator): Promise<Answered<Checks>> {
  const { code, stdout } = await admin.plane(["check", "-o", "json"]);
  return { code, answer: JSON.parse(stdout) as Checks };
}

/** The problems that `plane status` finds, each as `object: reason`. */
export async function problems(admin: Administrator, ...args: string[]): Promise<string[]> {
  const { answer } = await status(admin, ...args);
  return answer.problems.map(({ object, reason }) => `${object}: ${reason}`).toSorted();
}

/** The checks that did not find all well. */
export function unwell({ categories }: Checks): Checks["categories"][number]["checks"] {
  return categories.flatMap(({ checks }) => checks.filter(({ result }) => result !== "ok"));
}

/** Collects a support bundle, and answers with its files: what is in each, by its path. */
export async function supportBundle(admin: Administrator): Promise<Map<string, string>> {
  const [file, folder] = [join(admin.home, "bundle.tar.gz"), join(admin.home, "bundle")];
  const { code, stderr } = await admin.plane(["support-bundle", "--file", file]);
  if (code !== 0) throw new Error(stderr);
  await mkdir(folder);
  await execa("tar", ["--extract", "--file", file, "--directory", folder, "--strip-components", "1"]);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
  return new Map(
    await Promise.all(
      paths.map(async (path): Promise<[string, string]> => [
        path.slice(folder.length + 1),
        await readFile(path, "utf8"),
      ]),
    ),
  );
}

/** The Pods of a process that are to stay: their names, and whether each says that it leads. */
export async function replicasOf(
  admin: Administrator,
  component: string,
  of = namespace,
): Promise<{ name: string; isLeader: boolean }[]> {
  const label = `app.kubernetes.io/component=${component}`;
  const list = await admin.kubectl(["get", "pods", "-n", of, "-l", label, "-o", "json"]);
  const { items } = JSON.parse(list) as {
    items: { metadata: { name: string; deletionTimestamp?: string }; status: { podIP: string } }[];
  };
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return Promise.all(
    staying.map(async ({ metadata: { name }, status: { podIP } }) => {
      const metrics = await (await fetch(`http://${podIP}:8081/metrics`)).text();
      return { name, isLeader: /^leader_election_master_status\{.*\} 1$/m.test(metrics) };
    }),
  );
}

/** Everything that the Pods with a label have written. */
export function logsOf(admin: Administrator, label: string): Promise<string> {
  const all = ["--all-containers", "--prefix", "--tail", "-1", "--max-log-requests", "50"];
  return admin.kubectl(["logs", "-n", namespace, "-l", label, ...all]);
}

/** The values of a Secret of the release's namespace. */
export async function valuesOfSecret(admin: Administrator, name: string): Promise<string[]> {
  const data = await admin.kubectl(["get", "secret", name, "-n", namespace, "-o", "jsonpath={.data}"]);
  const encoded = Object.values(JSON.parse(data) as Record<string, string>);
  return encoded.map((value) => Buffer.from(value, "base64").toString());
}

/** Of some secrets, those that stand in a text, as they are or encoded. */
export function leakedInto(text: string, secrets: readonly string[]): string[] {
  return secrets.filter(
    (secret) => text.includes(secret) || text.includes(Buffer.from(secret).toString("base64")),
  );
}
