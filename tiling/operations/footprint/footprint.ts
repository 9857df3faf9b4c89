import { z } from 'zod';
import { badUsage } from '../../errors.js';
import type { Reach } from '../../geometry/rect.js';
import type { FileParam, JobFacts, Operation, ReadFile } from '../contract/descriptor.js';

/** The largest side of a footprint in pixels. */
export const MAX_FOOTPRINT = 4095;
/** The most members and others that a mask may spell out; disks and rectangles are as large as their sides. */
const MAX_MASK_AREA = 2 ** 22;

/** Neighbouring members in one row of a footprint; offsets are from the centre. */
export interface Run {
  readonly dx: number;
  readonly dy: number;
  readonly length: number;
}

/**
 * A boolean neighbourhood, as the runs of its rows: a disk of side 4095 has 13 million members and as many runs as rows.
 * Column i, row j is the input pixel (x + i − reach.left, y + j − reach.top): as in SciPy the centre of an even side is
 * the pixel right of, or below, its middle.
 */
export interface Footprint {
  readonly width: number;
  readonly height: number;
  /** The members, row by row, each run as long as it can be. */
  readonly runs: readonly Run[];
  /** Number of members. */
  readonly count: number;
  readonly reach: Reach;
}

/** `disk:r`, `rect:w×h` (or `rect:wxh`), `mask:FILE`, or `bits:wxh:0110…`, what a mask file becomes. */
export const footprintParam = z
  .string()
  .regex(/^(disk:\d+|rect:\d+[x×]\d+|mask:.+|bits:\d+x\d+:[01]+)$/, {
    error: 'disk:RADIUS, rect:WIDTHxHEIGHT or mask:FILE',
  })
  .describe('disk:RADIUS, rect:WIDTHxHEIGHT or mask:FILE');

/** The file that such a parameter may name; see {@link OperationDescriptor.files}. */
export const FOOTPRINT_FILE: FileParam = { kind: 'mask', prefix: 'mask:' };

/**
 * The footprint that a parameter names. A disk of radius r holds what has dx² + dy² ≤ r², as
 * scikit-image's `disk`.
 * @throws bad-usage for one without members, wider than {@link MAX_FOOTPRINT}, or a mask not yet read
 */
export function parseFootprint(text: string): Footprint {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const footprint = parse(text);
  keptRuns += footprint.runs.length;
  if (parsed.size === KEPT_FOOTPRINTS || keptRuns > KEPT_RUNS) {
    parsed.clear();
    keptRuns = footprint.runs.length;
  }
  parsed.set(text, footprint);
  return footprint;
}

/** The same; undefined where it is a mask whose file was not read yet. */
export function knownFootprint(text: string): Footprint | undefined {
  return text.startsWith('mask:') ? undefined : parseFootprint(text);
}

/** Every tile asks for each footprint of its chain several times: as many as a chain has operations. */
const KEPT_FOOTPRINTS = 64;
const KEPT_RUNS = 2 ** 22;
const parsed = new Map<string, Footprint>();
let keptRuns = 0;

/** What stands before a footprint's text for its reflection; users do not write it. */
const REFLECTED = 'reflected:';

/** The text of the footprint whose members lie opposite the given one's: (−dx, −dy) for each (dx, dy). */
export function reflectedText(text: string): string {
  return REFLECTED + text;
}

function parse(text: string): Footprint {
  if (text.startsWith(REFLECTED)) return reflected(parseFootprint(text.slice(REFLECTED.length)));
  if (text.startsWith(SQUARE)) return rectangle(Number(text.slice(SQUARE.length)));
  const [kind, size = '', bits = ''] = text.split(':');
  if (kind === 'disk') return disk(Number(size));
  const [width = 0, height = 0] = size.split(/[x×]/).map(Number);
  checkSides(`${kind}:${size}`, width, height);
  if (kind === 'bits' && bits.length !== width * height) {
    throw badUsage({ what: `the footprint bits:${size} has ${bits.length} bits`, expected: `${width * height}` });
  }
  if (kind === 'rect') return rectangle(width, height);
  if (kind === 'bits') return footprintOf(width, height, (row) => spansOf(bits, { width, row }));
  throw badUsage({ what: `the footprint ${text} was not read`, expected: 'disk:R, rect:WxH or mask:FILE' });
}

/** What stands before the side of a square, which may be any; users do not write it. */
const SQUARE = 'square:';

/** The footprint of a centred square window of `side` pixels. */
export function squareFootprint(side: number): Footprint {
  return parseFootprint(SQUARE + side);
}

/** Whether every position of the bounding rectangle is a member. */
export function isFull(footprint: Footprint): boolean {
  return footprint.count === footprint.width * footprint.height;
}

/** Replaces `footprint=mask:FILE` by what the file says; a {@link OperationDescriptor.prepare}. */
export function prepareFootprint(operation: Operation, job: JobFacts): Operation {
  const mask = job.file('footprint');
  return mask === undefined ? operation : { ...operation, params: { ...operation.params, footprint: readMask(mask) } };
}

/** A mask file is text: one row a line, `1` or `#` for members, `0` or `.` for others, spaces ignored. */
function readMask({ path, bytes }: ReadFile): string {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const rows = lines.map((line) => line.replace(/[\s,]/g, '')).filter((line) => line !== '');
  const width = rows[0]?.length ?? 0;
  if (width > MAX_FOOTPRINT || rows.length > MAX_FOOTPRINT || width * rows.length > MAX_MASK_AREA) {
    throw badUsage({
      what: `the mask is ${width}×${rows.length}`,
      file: path,
      expected: `sides of 1 to ${MAX_FOOTPRINT} and at most ${MAX_MASK_AREA} pixels`,
    });
  }
  const bad = rows.findIndex((row) => row.length !== width || !/^[01.#]+$/.test(row));
  if (bad >= 0 || rows.length === 0) {
    throw badUsage({
      what: rows.length === 0 ? 'the mask has no rows' : `row ${bad + 1} of the mask does not fit the first`,
      file: path,
      expected: 'rows of equal length made of 0 and 1 (or . and #)',
    });
  }
  const bits = rows.join('').replaceAll('.', '0').replaceAll('#', '1');
  const text = `bits:${width}x${rows.length}:${bits}`;
  parseFootprint(text);
  return text;
}

/**
 * It reaches as far to either side, so that a window one pixel wide at the far edge of an image holds what `mirror`
 * reads there.
 */
function reflected({ runs, count, reach }: Footprint): Footprint {
  const across = Math.max(reach.left, reach.right);
  const down = Math.max(reach.top, reach.bottom);
  return {
    ...{ width: 2 * across + 1, height: 2 * down + 1, count },
    runs: runs.map(({ dx, dy, length }) => ({ dx: 1 - dx - length, dy: -dy, length })).reverse(),
    reach: { left: across, right: across, top: down, bottom: down },
  };
}

function rectangle(width: number, height = width): Footprint {
  return footprintOf(width, height, () => [{ from: 0, to: width }]);
}

function disk(radius: number): Footprint {
  const side = 2 * radius + 1;
  checkSides(`disk:${radius}`, side, side);
  return footprintOf(side, side, (row) => {
    const half = Math.floor(Math.sqrt(radius * radius - (row - radius) ** 2));
    return [{ from: radius - half, to: radius + half + 1 }];
  });
}

/** Neighbouring members of one row, from column `from` to before `to`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The members of one row of a mask that is spelled out. */
function* spansOf(bits: string, { width, row }: { readonly width: number; readonly row: number }): Generator<Span> {
  const start = row * width;
  const end = start + width;
  for (let at = start; at < end; at++) {
    if (bits[at] !== '1') continue;
    const from = at - start;
    while (at < end && bits[at] === '1') at++;
    yield { from, to: at - start };
  }
}

function footprintOf(width: number, height: number, spansIn: (row: number) => Iterable<Span>): Footprint {
  const left = Math.floor(width / 2);
  const top = Math.floor(height / 2);
  const runs: Run[] = [];
  let count = 0;
  for (let j = 0; j < height; j++) {
    for (const { from, to } of spansIn(j)) {
      runs.push({ dx: from - left, dy: j - top, length: to - from });
      count += to - from;
    }
  }
  if (count === 0) throw badUsage({ what: 'the footprint has no members', expected: 'at least one, written 1 or #' });
  return { width, height, runs, count, reach: { left, right: width - 1 - left, top, bottom: height - 1 - top } };
}

function checkSides(text: string, width: number, height: number): void {
  if (width < 1 || height < 1 || width > MAX_FOOTPRINT || height > MAX_FOOTPRINT) {
    throw badUsage({
      what: `the footprint ${text} is ${width}×${height}`,
      expected: `sides of 1 to ${MAX_FOOTPRINT}`,
    });
  }
}
