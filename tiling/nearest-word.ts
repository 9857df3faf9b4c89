/** The known word that a mistyped one most likely means; undefined where none is near. */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  const typed = word.toLowerCase();
  // One letter in three may be wrong.
  let nearest: { word?: string; edits: number } = { edits: Math.max(1, Math.floor(typed.length / 3)) + 1 };
  for (const each of known) {
    const edits = editsBetween(typed, each.toLowerCase());
    if (edits < nearest.edits) nearest = { word: each, edits };
  }
  return nearest.word;
}

/** `did you mean 'radius'?`, for a message about a word that nobody knows. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? undefined : `did you mean '${nearest}'?`;
}

/**
 * The fewest letters to insert, delete, replace or swap with their neighbour, no letter twice (optimal string alignment;
 * Boytsov, "Indexing methods for approximate dictionary searching", 2011).
 */
function editsBetween(from: string, to: string): number {
  let twoBefore: number[] = [];
  let before = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const now = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let edits = Math.min(before[j]! + 1, now[j - 1]! + 1, before[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) edits = Math.min(edits, twoBefore[j - 2]! + 1);
      now.push(edits);
    }
    twoBefore = before;
    before = now;
  }
  return before[to.length]!;
}
