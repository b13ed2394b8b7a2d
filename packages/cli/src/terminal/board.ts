import type { createLogUpdate } from "log-update";
import type { Terminal } from "./terminal.ts";

/** One piece of work that is shown until it is done. */
export interface BoardItem {
  readonly title: string;
  readonly isDone: boolean;
  /** What keeps it, a line each. */
  readonly details: readonly string[];
}

/** Shows work that goes on side by side. */
export interface Board {
  show(items: readonly BoardItem[]): void;
  /** Leaves what was shown last. */
  close(): void;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;

/** A tree that is drawn anew on a terminal; elsewhere a line for everything that changes. */
export async function openBoard(terminal: Terminal): Promise<Board> {
  if (!terminal.isLive) return lineBoard(terminal);
  const { logUpdateStderr } = await import("log-update");
  return liveBoard(terminal, logUpdateStderr);
}

function liveBoard(terminal: Terminal, draw: ReturnType<typeof createLogUpdate>): Board {
  let items: readonly BoardItem[] = [];
  let frame = 0;
  const redraw = (): void => draw(drawTree(items, terminal, frames[frame++ % frames.length] ?? ""));
  const timer = setInterval(redraw, FRAME_MS);
  return {
    show: (next) => {
      items = next;
    },
    close: () => {
      clearInterval(timer);
      redraw();
      draw.done();
    },
  };
}

/** The items below each other, with what keeps those that are not done. */
function drawTree(items: readonly BoardItem[], { paint }: Pick<Terminal, "paint">, spinner: string): string {
  return items
    .flatMap(({ title, isDone, details }) => [
      `${isDone ? paint("green", "✔") : paint("cyan", spinner)} ${title}`,
      ...details.map((detail, index) => {
        const branch = index === details.length - 1 ? "└─" : "├─";
        return `  ${paint("dim", branch)} ${detail}`;
      }),
    ])
    .join("\n");
}

function lineBoard(terminal: Terminal): Board {
  const said = new Map<number, string>();
  return {
    show: (items) => {
      for (const [index, { title, details }] of items.entries()) {
        const line = [title, ...details].join(": ");
        if (said.get(index) === line) continue;
        said.set(index, line);
        terminal.tell(line);
      }
    },
    close: () => undefined,
  };
}
