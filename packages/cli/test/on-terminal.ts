import { execa } from "execa";
import { stripVTControlCharacters } from "node:util";

/** What is typed once a text is shown. */
export type Typed = readonly [shown: string, typed: string];

/** What Ctrl-C types. */
export const ctrlC = "\x03";

/** Runs a command on a terminal of its own and types as told; answers with what it has shown there. */
export async function onTerminal(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  typed: readonly Typed[],
): Promise<{ code: number | undefined; shown: string }> {
  const command = words.map((word) => `'${word}'`).join(" ");
  // It comes with util-linux.
  const child = execa("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { PATH: "/usr/bin:/bin", TERM: "xterm", ...env },
    extendEnv: false,
    reject: false,
  });
  const left = [...typed];
  let unread = "";
  child.stdout.on("data", (chunk: Buffer) => {
    unread += stripVTControlCharacters(chunk.toString());
    const [text, keys] = left[0] ?? [];
    if (text === undefined || keys === undefined || !unread.includes(text)) return;
    left.shift();
    unread = "";
    child.stdin.write(keys);
  });
  const { exitCode, stdout } = await child;
  return { code: exitCode, shown: stripVTControlCharacters(stdout) };
}
