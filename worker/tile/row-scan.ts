import type { Rect } from '../../tiling/geometry/rect.js';
import type { Operation } from '../../tiling/operations/index.js';
import type { TileBands } from '../../tiling/plan/band-exchanges.js';
import { type ChainLink, couplingOf, linkChainWith } from '../../tiling/plan/chain.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { Carries } from '../../tiling/work/tiles.js';
import { type Kernel, type KernelContext, partOf, type TileRaster } from '../kernels/kernel.js';

/** A chain to run for one tile. */
export interface ChainRun {
  readonly operations: readonly Operation[];
  readonly tileRect: Rect;
  /** For scans along rows: the tile to the right, and what the one to the left handed on. */
  readonly next?: Rect;
  readonly carries?: Carries;
  /** For operations over bands of full rows: what these are handed. */
  readonly bands?: TileBands;
  /** The tile that this thread is likely to be given next. */
  readonly following?: Rect;
}

/** One scan of a chain over one tile. */
interface ScanCall {
  readonly window: TileRaster;
  readonly output: TileRaster;
  readonly link: ChainLink;
  /** Of the operation in the chain. */
  readonly index: number;
  readonly context: KernelContext;
}

/**
 * The scans along rows in one tile's chain. Windows of later operations make a scan's rect wider than its tile,
 * so neighbouring rects overlap: what is handed on is the state just before the next tile's rect begins, and
 * the rest of the row is scanned from there.
 */
export class RowScan {
  readonly #carriesIn: Carries | undefined;
  readonly #nextLinks: readonly ChainLink[] | undefined;
  readonly #carriesOut: string[] = [];

  constructor({ operations, next, carries }: ChainRun, { image, mapMaxBound }: Plan) {
    const scans = operations.some((operation) => couplingOf(operation) === 'row');
    this.#carriesIn = carries;
    this.#nextLinks = scans && next !== undefined ? linkChainWith(operations, next, image, mapMaxBound) : undefined;
  }

  /** Runs one scan and notes what it hands on. */
  run(kernel: Kernel, { window, output, link, index, context }: ScanCall): void {
    const { operation } = link;
    const rows = output.rect.height * output.channels;
    const given = this.#carriesIn?.[this.#carriesOut.length];
    const carry = given === undefined ? new Float64Array(rows).fill(Number.NaN) : decodeCarry(given);
    const end = output.rect.x + output.rect.width;
    const handOverAt = this.#nextLinks?.[index]?.output.x ?? end;
    const scan = (from: number, to: number) => {
      if (from >= to) return;
      const rect = { ...output.rect, x: from, width: to - from };
      kernel(partOf(window, rect), partOf(output, rect), operation, { ...context, carry });
    };
    scan(output.rect.x, handOverAt);
    this.#carriesOut.push(encodeCarry(carry));
    scan(handOverAt, end);
  }

  /** What the tile to the right needs; undefined where nothing scans. */
  handedOn(): Carries | undefined {
    return this.#carriesOut.length === 0 ? undefined : this.#carriesOut;
  }
}

function encodeCarry(carry: Float64Array): string {
  return Buffer.from(carry.buffer, carry.byteOffset, carry.byteLength).toString('base64');
}

function decodeCarry(text: string): Float64Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float64Array(new Uint8Array(bytes).buffer);
}
