import stringWidth from "string-width";

/** Rows with their columns aligned to the left, the head in capitals; an empty cell reads `<none>`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows.map((row) => row.map((cell) => cell || "<none>"))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column] ?? ""))));
  return cells.map((row) => line(row, widths)).join("\n");
}

function line(row: readonly string[], widths: readonly number[]): string {
  const padded = row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - stringWidth(cell)));
  return padded.join("   ").trimEnd();
}
