import { ERROR_TABLE, type ErrorTag } from '../../tiling/error-table.js';
import { type ErrorDetail, type ErrorRecord, TEXTS } from '../../tiling/errors.js';
import { joined, textOf, type Words } from '../../tiling/words.js';
import type { halotile } from '../gen/messages.js';
import { cutText } from './bounded-text.js';

/** Bytes of each of a failure's texts. */
const MAX_TEXT_BYTES = 1000;

/**
 * An error record as it travels: texts that are too long for a message are cut. A text is whole for whoever reads it;
 * where names of files stand in it is said beside it.
 */
export function writeFailure({ tag, detail }: ErrorRecord): halotile.v1.IFailure {
  const { file, job, tile, pixel } = detail;
  const texts: Record<string, string> = {};
  const mentions: halotile.v1.Failure.IMention[] = [];
  for (const field of TEXTS) {
    const words = detail[field];
    if (words === undefined) continue;
    const text = textOf(words);
    texts[field] = cutText(text, MAX_TEXT_BYTES);
    for (const mention of mentionsIn(words)) {
      if (text.slice(0, mention.end) === texts[field].slice(0, mention.end)) mentions.push({ text: field, ...mention });
    }
  }
  return {
    tag,
    ...texts,
    ...(file !== undefined && { file: cutText(file, MAX_TEXT_BYTES) }),
    ...(job !== undefined && { job: cutText(job, MAX_TEXT_BYTES) }),
    ...(tile !== undefined && { tile }),
    ...(pixel !== undefined && { pixel }),
    ...(mentions.length > 0 && { mentions }),
  };
}

/** The inverse of {@link writeFailure}; a tag of another release counts as `tile-failed`. */
export function readFailure(failure: halotile.v1.IFailure): ErrorRecord {
  const tag: ErrorTag = failure.tag && failure.tag in ERROR_TABLE ? (failure.tag as ErrorTag) : 'tile-failed';
  const { file, job, tile, pixel } = failure;
  const texts: Partial<Record<(typeof TEXTS)[number], Words>> = {};
  for (const field of TEXTS) {
    const text = failure[field];
    if (text) texts[field] = wordsOf(cutText(text, MAX_TEXT_BYTES), mentionsOf(failure, field));
  }
  const detail: ErrorDetail = {
    what: 'failed without a reason',
    ...texts,
    ...(file ? { file: cutText(file, MAX_TEXT_BYTES) } : {}),
    ...(job ? { job: cutText(job, MAX_TEXT_BYTES) } : {}),
    ...(tile ? { tile: { stage: tile.stage ?? 0, index: tile.index ?? 0 } } : {}),
    ...(pixel ? { pixel: { x: pixel.x ?? 0, y: pixel.y ?? 0 } } : {}),
  };
  return { tag, detail };
}

/** A stretch of a text, in UTF-16 code units. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

function mentionsIn(words: Words): Stretch[] {
  if (typeof words === 'string') return [];
  const mentions: Stretch[] = [];
  let start = 0;
  for (const part of words) {
    const end = start + textOf([part]).length;
    if (typeof part !== 'string') mentions.push({ start, end });
    start = end;
  }
  return mentions;
}

function mentionsOf({ mentions }: halotile.v1.IFailure, field: string): Stretch[] {
  const own = (mentions ?? []).filter(({ text }) => text === field);
  return own.map(({ start, end }) => ({ start: start ?? 0, end: end ?? 0 })).sort((a, b) => a.start - b.start);
}

/** A text in parts; stretches that lie in none of it, or in each other, are none. */
function wordsOf(text: string, mentions: readonly Stretch[]): Words {
  const parts: (string | { readonly file: string })[] = [];
  let at = 0;
  for (const { start, end } of mentions) {
    if (start < at || end <= start || end > text.length) continue;
    parts.push(text.slice(at, start), { file: text.slice(start, end) });
    at = end;
  }
  return joined([...parts, text.slice(at)]);
}
