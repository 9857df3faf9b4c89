import { z } from 'zod';
import { badUsage } from '../errors.js';
import type { Reach } from '../geometry/rect.js';
import type { JobFacts, Operation } from './descriptor.js';

/** The largest side of a footprint in pixels. */
export const MAX_FOOTPRINT = 4095;

/**
 * A boolean neighbourhood. The member at column i, row j is the input pixel (x + i − reach.left,
 * y + j − reach.top): as in SciPy the centre of an even side is the pixel right of, or below, its middle.
 */
export interface Footprint {
  readonly width: number;
  readonly height: number;
  /** Row-major, width × height. */
  readonly members: readonly boolean[];
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

/**
 * The footprint that a parameter names. A disk of radius r holds what has dx² + dy² ≤ r², as
 * scikit-image's `disk`.
 * @throws bad-usage for one without members, wider than {@link MAX_FOOTPRINT}, or a mask not yet read
 */
export function parseFootprint(text: string): Footprint {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const footprint = parse(text);
  if (parsed.size === KEPT_FOOTPRINTS) parsed.clear();
  parsed.set(text, footprint);
  return footprint;
}

/** Footprints have up to millions of members, and every tile asks for them several times. */
const KEPT_FOOTPRINTS = 4;
const parsed = new Map<string, Footprint>();

function parse(text: string): Footprint {
  const [kind, size = '', bits = ''] = text.split(':');
  if (kind === 'disk') return disk(Number(size));
  const [width = 0, height = 0] = size.split(/[x×]/).map(Number);
  checkSides(`${kind}:${size}`, width, height);
  if (kind === 'bits' && bits.length !== width * height) {
    throw badUsage({ what: `the footprint bits:${size} has ${bits.length} bits`, expected: `${width * height}` });
  }
  if (kind === 'rect') return footprintOf(width, height, () => true);
  if (kind === 'bits') return footprintOf(width, height, (i, j) => bits[j * width + i] === '1');
  throw badUsage({ what: `the footprint ${text} was not read`, expected: 'disk:R, rect:WxH or mask:FILE' });
}

/** The footprint of a centred square window of `side` pixels. */
export function squareFootprint(side: number): Footprint {
  return parseFootprint(`rect:${side}x${side}`);
}

/** Whether every position of the bounding rectangle is a member. */
export function isFull(footprint: Footprint): boolean {
  return footprint.count === footprint.width * footprint.height;
}

/** Replaces `footprint=mask:FILE` by what the file says; a {@link OperationDescriptor.prepare}. */
export function prepareFootprint(operation: Operation, job: JobFacts): Operation {
  const text = operation.params.footprint;
  if (typeof text !== 'string' || !text.startsWith('mask:')) return operation;
  const footprint = readMask(text.slice('mask:'.length), job);
  return { ...operation, params: { ...operation.params, footprint } };
}

/** A mask file is text: one row a line, `1` or `#` for members, `0` or `.` for others, spaces ignored. */
function readMask(path: string, job: JobFacts): string {
  const lines = new TextDecoder().decode(job.readFile(path)).split('\n');
  const rows = lines.map((line) => line.replace(/[\s,]/g, '')).filter((line) => line !== '');
  const width = rows[0]?.length ?? 0;
  if (width > MAX_FOOTPRINT || rows.length > MAX_FOOTPRINT) {
    throw badUsage({
      what: `the mask is ${width}×${rows.length}`,
      where: path,
      expected: `sides of 1 to ${MAX_FOOTPRINT}`,
    });
  }
  const bad = rows.findIndex((row) => row.length !== width || !/^[01.#]+$/.test(row));
  if (bad >= 0 || rows.length === 0) {
    throw badUsage({
      what: rows.length === 0 ? 'the mask has no rows' : `row ${bad + 1} of the mask does not fit the first`,
      where: path,
      expected: 'rows of equal length made of 0 and 1 (or . and #)',
    });
  }
  const bits = rows.join('').replaceAll('.', '0').replaceAll('#', '1');
  const text = `bits:${width}x${rows.length}:${bits}`;
  parseFootprint(text);
  return text;
}

function disk(radius: number): Footprint {
  const side = 2 * radius + 1;
  checkSides(`disk:${radius}`, side, side);
  return footprintOf(side, side, (i, j) => (i - radius) ** 2 + (j - radius) ** 2 <= radius * radius);
}

function footprintOf(width: number, height: number, has: (i: number, j: number) => boolean): Footprint {
  const members = Array.from({ length: width * height }, (_, at) => has(at % width, Math.floor(at / width)));
  const count = members.filter(Boolean).length;
  if (count === 0) throw badUsage({ what: 'the footprint has no members', expected: 'at least one, written 1 or #' });
  const left = Math.floor(width / 2);
  const top = Math.floor(height / 2);
  return { width, height, members, count, reach: { left, right: width - 1 - left, top, bottom: height - 1 - top } };
}

function checkSides(text: string, width: number, height: number): void {
  if (width < 1 || height < 1 || width > MAX_FOOTPRINT || height > MAX_FOOTPRINT) {
    throw badUsage({
      what: `the footprint ${text} is ${width}×${height}`,
      expected: `sides of 1 to ${MAX_FOOTPRINT}`,
    });
  }
}
