import { provideBashCompletion } from "@datalayer/devcluster/testkit/bash-completion";
import { provideFish, provideZsh } from "@datalayer/devcluster/testkit/shells";
import { execa } from "execa";
import { onTerminal } from "./on-terminal.ts";
import type { Desk } from "./plane.ts";

/** What a shell offers for the last word of a line, once it has read what `plane completion` prints. */
export type Offered = (desk: Desk, line: string) => Promise<string[]>;

/** `bin` is where the desk has `plane`. */
const environment = (desk: Desk): Record<string, string> => ({
  HOME: desk.home,
  PATH: `${desk.home}/bin:/usr/bin:/bin`,
  KUBECONFIG: desk.kubeconfigPath,
});

/** Calls the function that bash calls at a prompt. */
export async function offeredByBash(desk: Desk, line: string): Promise<string[]> {
  const script = `
    source ${await provideBashCompletion()}
    source <(plane completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1}
    read -ra COMP_WORDS <<<"$1"
    [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    completer=$(complete -p plane | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
    compopt() { :; } # outside of a prompt there is nothing that it could change
    "$completer"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execa("bash", ["--norc", "-c", script, "bash", line], {
    env: environment(desk),
    extendEnv: false,
  });
  return words(stdout);
}

/** Asks fish, which completes lines for scripts too. */
export async function offeredByFish(desk: Desk, line: string): Promise<string[]> {
  const { program, library } = await provideFish();
  const script = "plane completion fish | source; complete --do-complete $argv[1]";
  const { stdout } = await execa(program, ["--no-config", "--command", script, line], {
    env: { ...environment(desk), LD_LIBRARY_PATH: library },
    extendEnv: false,
  });
  // A tab stands before the description.
  return words(stdout.replaceAll(/\t.*$/gm, ""));
}

/** Types the line on a terminal and presses the tab key: zsh completes nowhere else. */
export async function offeredByZsh(desk: Desk, line: string): Promise<string[]> {
  const { program, modules, functions } = await provideZsh();
  await desk.file(
    "zsh/.zshrc",
    `module_path=(${modules})
    fpath=(${functions.join(" ")})
    autoload -Uz compinit && compinit -u -D
    source <(plane completion zsh)
    zstyle ':completion:*' verbose no # names without descriptions
    list() { _main_complete; exit }
    zle -C list list-choices list
    bindkey '^I' list
    PS1='ready> '`,
  );
  const env = { ...environment(desk), ZDOTDIR: `${desk.home}/zsh` };
  const { shown } = await onTerminal([program, "-i"], env, [["ready> ", `${line}\t`]]);
  // The list stands below the line, which is drawn once more behind it.
  const [, list = ""] = /ready> [^\n]*\n((?:[^\r]|\r+\n)*)/.exec(shown) ?? [];
  return words(list);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
