/** Longer names are not compared: servers choose names, and a comparison costs the product of both lengths. */
const LONGEST_NAME = 100;

/**
 * The end of a message about an unknown name: ` Did you mean "timeout"?`, with a leading space, or an empty string if no known name is similar.
 */
export function didYouMean(name: string, known: Iterable<string>): string {
  const similar = closest(name, known);
  return similar === undefined ? '' : ` Did you mean "${similar}"?`;
}

/**
 * The known name that is most similar to an unknown name. Letter case, hyphens, underscores and spaces are ignored; up to a third of the letters
 * may be added, removed, replaced or swapped with their neighbour. The first of several equally similar names wins.
 */
export function closest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > LONGEST_NAME) return undefined;
  const wanted = letters(name);
  let limit = wanted.length === 2 ? 1 : Math.floor(wanted.length / 3);
  let found: string | undefined;
  for (const candidate of known) {
    if (candidate.length > LONGEST_NAME) continue;
    const edits = distance(wanted, letters(candidate), limit);
    if (edits === undefined) continue;
    found = candidate;
    if (edits === 0) break;
    limit = edits - 1;
  }
  return found;
}

function letters(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '');
}

/** The number of edits between two texts (optimal string alignment distance), or undefined when it is above the limit. */
function distance(from: string, to: string, limit: number): number | undefined {
  if (Math.abs(from.length - to.length) > limit) return undefined;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let edits = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        edits = Math.min(edits, at(beforeLast, column - 2) + 1);
      }
      current.push(edits);
    }
    if (Math.min(...current) > limit) return undefined;
    [beforeLast, last] = [last, current];
  }
  const edits = at(last, to.length);
  return edits <= limit ? edits : undefined;
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
