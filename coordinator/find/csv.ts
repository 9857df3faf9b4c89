import { badInput } from '../../tiling/errors.js';

/** A record of a CSV file and the line that it begins in, from 1. */
export interface CsvRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

/** What may part cells. */
const SEPARATORS = [',', ';', '\t', '|'] as const;
/** Excel's own line before the header. */
const SEPARATOR_LINE = /^"?sep=(.)"?[ \t]*(?:\r\n|\n|\r|$)/i;

/**
 * The records of a CSV text (RFC 4180): cells are quoted where they hold separators, quotes (doubled) or line ends, with
 * spaces around the quotes if need be. A quote within an unquoted cell is one of its characters. What parts cells is the
 * separator that the first line has most of outside quotes, or that a line `sep=;` before it names. Records without any
 * text are passed over.
 * @param path for messages
 * @throws bad-input where a quote is never closed
 */
export function* parseCsv(text: string, path: string): Generator<CsvRecord, undefined> {
  const named = SEPARATOR_LINE.exec(text);
  const separator = named?.[1] ?? separatorOf(text);
  const escaped = `\\u${separator.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const quoted = new RegExp(`[ ]*((?:"[^"]*")+)[ ]*(?=${escaped}|[\\r\\n]|$)`, 'y');
  const bare = new RegExp(`[^${escaped}\\r\\n]*`, 'y');
  let at = named?.[0].length ?? 0;
  let line = named === null ? 1 : 2;
  let record: { cells: string[]; line: number } = { cells: [], line };
  const matched = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    const inQuotes = matched(quoted)?.[1];
    if (inQuotes !== undefined) {
      record.cells.push(inQuotes.slice(1, -1).replaceAll('""', '"'));
      line += inQuotes.match(/\r\n|\n|\r/g)?.length ?? 0;
    } else {
      const cell = matched(bare)![0];
      if (/^ *"[^"]*$/.test(cell)) {
        throw badInput({ what: 'a quote is never closed', file: path, where: `, line ${line}`, expected: `"…"` });
      }
      record.cells.push(cell);
    }
    if (text[at] === separator) {
      at++;
      // An empty cell at the very end.
      if (at === text.length) record.cells.push('');
      continue;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    line++;
    if (record.cells.some((each) => each.trim() !== '')) yield record;
    record = { cells: [], line };
  }
  if (record.cells.some((each) => each.trim() !== '')) yield record;
}

/** What the first line with any text has most of outside quotes. */
function separatorOf(text: string): string {
  const header = /^\s*([^\r\n]*)/.exec(text)![1]!.replace(/"[^"]*"/g, '');
  const counts = SEPARATORS.map((each) => header.split(each).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))]!;
}
