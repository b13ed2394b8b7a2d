/** Names further apart than this are different names, not a slip of the hand. */
const MAX_EDITS = 2;

/** The one of `known` that `name` was probably meant to be: at most two letters away. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const byDistance = known.map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }));
  byDistance.sort((a, b) => a.edits - b.edits);
  const [closest] = byDistance;
  return closest && closest.edits <= MAX_EDITS ? closest.candidate : undefined;
}

/** Levenshtein distance: insertions, deletions and replacements from one text to the other. */
function editsBetween(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(from).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
